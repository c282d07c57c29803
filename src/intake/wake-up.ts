/** A wait that can be cut short. One waits at a time. */
export interface WakeUp {
  /** Waits at most so long. */
  within(ms: number): Promise<void>;
  /** Ends the present or next wait after a pause, which gathers what comes in a burst. */
  soon(pauseMs: number): void;
  /** Ends the present wait, and all later ones at once. */
  forGood(): void;
}

export function createWakeUp(): WakeUp {
  // When somebody wants the next wait to end, at the latest.
  let wantedMs = Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let end: (() => void) | undefined;
  const arm = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => end?.(), Math.max(0, wantedMs - performance.now()));
  };
  const want = (atMs: number): void => {
    if (atMs >= wantedMs) return;
    wantedMs = atMs;
    if (end !== undefined) arm();
  };
  let isOver = false;
  return {
    within(ms) {
      return new Promise((resolve) => {
        end = () => {
          end = undefined;
          clearTimeout(timer);
          wantedMs = isOver ? 0 : Number.POSITIVE_INFINITY;
          resolve();
        };
        wantedMs = Math.min(wantedMs, performance.now() + ms);
        arm();
      });
    },
    soon: (pauseMs) => want(performance.now() + pauseMs),
    forGood() {
      isOver = true;
      want(0);
    },
  };
}
