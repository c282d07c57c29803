import { err, ok, type Result } from '../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../domain/stage-error.ts';
import { keyProblem } from './storage-key.ts';
import { unlessAborted } from './unless-aborted.ts';

/** Ends the work on one call: thrown inside a storage, and turned into a value at its edge. */
export class StorageStop extends Error {
  readonly failure: PluginFailure;
  constructor(failure: PluginFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** The value, or the end of the work. */
export function valueOf<T>(result: Result<T, PluginFailure>): T {
  if (result.ok) return result.value;
  throw new StorageStop(result.error);
}

/** The end of the work when the key is none. */
export function checkKey(key: string): void {
  const problem = keyProblem(key);
  if (problem === undefined) return;
  throw new StorageStop(pluginFailure('STORAGE_DENIED', `not a storage key: ${JSON.stringify(key)} ${problem}`));
}

/**
 * Turns whatever stops the work into a value. An aborted call rejects with the signal's reason, at once, even while a dead
 * server or share blocks what is beneath it; the work stops at its next step.
 * @param explain what anything but a `StorageStop` means.
 */
export async function settle<T>(
  signal: AbortSignal,
  explain: (thrown: unknown) => PluginFailure,
  work: () => Promise<T>,
): Promise<Result<T, PluginFailure>> {
  signal.throwIfAborted();
  const worked = work().then(ok<T>, (thrown: unknown) => err(stopIn(thrown)?.failure ?? explain(thrown)));
  return unlessAborted(worked, signal);
}

/** Reading for a request may be what stops it; `fetch` tells that as the cause of an error of its own. */
function stopIn(thrown: unknown): StorageStop | undefined {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return [thrown, cause].find((each) => each instanceof StorageStop);
}
