export interface Gate {
  readonly pass: () => Promise<void>;
  /** How many have come to it. */
  readonly begun: () => number;
  readonly open: () => void;
}

/** Who comes to it waits until the test opens it. */
export function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  let begun = 0;
  return {
    pass: async () => {
      begun += 1;
      await promise;
    },
    begun: () => begun,
    open: resolve,
  };
}
