import { unlessAborted } from './unless-aborted.ts';

/** Places for work of two kinds: urgent work takes one at once, and all other works in those that are left, first come, first served. */
export interface RightOfWay {
  readonly places: number;
  /** Urgent work begins; it waits for nobody. @returns to be called when it ends. */
  begin(): () => void;
  /** Other work comes, and is counted until it is disposed of. */
  lineUp(): Follower;
}

export interface Follower extends Disposable {
  /**
   * To be awaited before the work begins, and wherever it can pause: resolves as soon as there is a place for it.
   * @throws the signal's reason when aborted meanwhile, or that of `closing`.
   */
  giveWay(signal: AbortSignal): Promise<void>;
}

/** @param closing once aborted, nobody waits any more. */
export function createRightOfWay(places: number, closing = new AbortController().signal): RightOfWay {
  let urgent = 0;
  /** In the order in which they came. */
  const followers = new Set<Follower>();
  let changed = Promise.withResolvers<void>();
  const tellAll = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const isClearFor = (follower: Follower): boolean => urgent + [...followers].indexOf(follower) < places;
  return {
    places,
    begin: () => {
      urgent += 1;
      return () => {
        urgent -= 1;
        tellAll();
      };
    },
    lineUp: () => {
      const follower: Follower = {
        giveWay: async (signal) => {
          while (!isClearFor(follower)) await unlessAborted(changed.promise, AbortSignal.any([signal, closing]));
        },
        [Symbol.dispose]: () => {
          followers.delete(follower);
          tellAll();
        },
      };
      followers.add(follower);
      return follower;
    },
  };
}
