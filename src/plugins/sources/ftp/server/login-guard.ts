const WINDOW_MS = 60_000;

/** Counts wrong passwords. */
export interface LoginGuard {
  /** More than allowed failed within the last minute. */
  isShutOut(who: LoginAttempt, nowMs: number): boolean;
  failed(who: LoginAttempt, nowMs: number): void;
}

/** By user too: behind one address there may be many cameras, of which one has a wrong password. */
export interface LoginAttempt {
  readonly address: string;
  readonly user: string;
}

export function createLoginGuard(failuresPerMinute: number): LoginGuard {
  const failures = new Map<string, number[]>();
  const keyOf = ({ address, user }: LoginAttempt): string => `${address} ${user}`;
  const recent = (times: readonly number[], nowMs: number): number[] => times.filter((atMs) => nowMs - atMs < WINDOW_MS);
  return {
    isShutOut: (who, nowMs) => recent(failures.get(keyOf(who)) ?? [], nowMs).length >= failuresPerMinute,
    failed(who, nowMs) {
      for (const [key, times] of failures) if (recent(times, nowMs).length === 0) failures.delete(key);
      failures.set(keyOf(who), [...recent(failures.get(keyOf(who)) ?? [], nowMs), nowMs]);
    },
  };
}
