import { isSameState, type SeenFile } from './list-folder.ts';

/**
 * Which files have stopped changing. Judged by our own looks at them and a monotonic time, never by comparing a file's time
 * with ours: on network shares it comes from another clock, and copied files keep old times.
 */
export interface Stability {
  /** Takes note of all files there are; those not among them are forgotten. */
  observe(files: readonly SeenFile[], nowMs: number): void;
  /** Unchanged for the threshold. */
  settled(nowMs: number): SeenFile[];
  isObserved(name: string): boolean;
  /** It was taken: whatever happens to it from now on is news. */
  forget(name: string): void;
  /** When the next file settles if nothing changes; undefined when none is on its way. */
  nextMs(nowMs: number): number | undefined;
}

export function createStability(thresholdMs: number): Stability {
  let watched = new Map<string, { readonly file: SeenFile; readonly sinceMs: number }>();
  return {
    observe(files, nowMs) {
      watched = new Map(
        files.map((file) => {
          const before = watched.get(file.name);
          const sinceMs = before !== undefined && isSameState(before.file, file) ? before.sinceMs : nowMs;
          return [file.name, { file, sinceMs }];
        }),
      );
    },
    settled: (nowMs) => [...watched.values()].filter(({ sinceMs }) => nowMs - sinceMs >= thresholdMs).map(({ file }) => file),
    isObserved: (name) => watched.has(name),
    forget: (name) => void watched.delete(name),
    nextMs(nowMs) {
      const dues = [...watched.values()].map(({ sinceMs }) => sinceMs + thresholdMs).filter((dueMs) => dueMs > nowMs);
      return dues.length === 0 ? undefined : dues.reduce((a, b) => Math.min(a, b));
    },
  };
}
