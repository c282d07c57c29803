import type { Instant } from '../domain/instant.ts';
import type { SourceProblem } from '../plugins/spec/source.ts';
import { isSameState, type SeenFile } from './list-folder.ts';

interface Trouble {
  readonly file: SeenFile;
  readonly message: string;
  readonly since: Instant;
  readonly failures: number;
  readonly retryMs: number;
}

const FIRST_RETRY_MS = 5_000;
const LAST_RETRY_MS = 300_000;

/** Files that could not be turned into clips. They are kept, shown, and tried again now and then, or when they change. */
export interface ProblemList {
  /** @returns true when it is news: the first time for this state of the file. */
  add(file: SeenFile, message: string, at: { readonly now: Instant; readonly nowMs: number }): boolean;
  resolve(name: string): void;
  /** Drops those whose file is gone or has changed. */
  reconcile(files: readonly SeenFile[]): void;
  isWaiting(name: string, nowMs: number): boolean;
  nextMs(nowMs: number): number | undefined;
  list(): SourceProblem[];
}

export function createProblemList(): ProblemList {
  const troubles = new Map<string, Trouble>();
  return {
    add(file, message, { now, nowMs }) {
      const before = troubles.get(file.name);
      const failures = (before?.failures ?? 0) + 1;
      const retryMs = nowMs + Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1));
      troubles.set(file.name, { file, message, since: before?.since ?? now, failures, retryMs });
      return before === undefined;
    },
    resolve: (name) => void troubles.delete(name),
    reconcile(files) {
      const present = new Map(files.map((file) => [file.name, file]));
      for (const [name, { file }] of troubles) {
        const found = present.get(name);
        if (found === undefined || !isSameState(found, file)) troubles.delete(name);
      }
    },
    isWaiting: (name, nowMs) => (troubles.get(name)?.retryMs ?? 0) > nowMs,
    nextMs(nowMs) {
      const dues = [...troubles.values()].map(({ retryMs }) => Math.max(retryMs, nowMs));
      return dues.length === 0 ? undefined : dues.reduce((a, b) => Math.min(a, b));
    },
    list: () => [...troubles.values()].map(({ file, message, since }) => ({ path: file.path, message, since })),
  };
}
