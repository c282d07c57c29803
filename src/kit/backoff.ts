export interface Backoff {
  /** Before the second attempt. */
  readonly initialMs: number;
  readonly maxMs: number;
}

/**
 * How long to wait after the `failures`-th failure in a row: doubling up to a ceiling, and of that a random half to whole,
 * so that many who lost the same server do not come back all at once ("equal jitter", AWS Architecture Blog, 2015).
 * @param failures 1 or more.
 * @param random in [0, 1), as `Math.random` gives it.
 */
export function backoffMs({ initialMs, maxMs }: Backoff, failures: number, random: () => number): number {
  const ceilingMs = Math.min(maxMs, initialMs * 2 ** (failures - 1));
  return Math.round(ceilingMs * (0.5 + random() / 2));
}
