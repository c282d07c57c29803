/** Runs tasks of the same key one after the other, and those of different keys side by side. */
export interface OneAtATime {
  run<T>(key: string, task: () => Promise<T>): Promise<T>;
  /** Resolves when nothing runs any more. */
  settled(): Promise<void>;
}

export function createOneAtATime(): OneAtATime {
  const tails = new Map<string, Promise<unknown>>();
  return {
    async run(key, task) {
      const turn = (tails.get(key) ?? Promise.resolve()).then(task, task);
      const tail = turn.catch(() => undefined);
      tails.set(key, tail);
      try {
        return await turn;
      } finally {
        if (tails.get(key) === tail) tails.delete(key);
      }
    },
    async settled() {
      await Promise.all(tails.values());
    },
  };
}
