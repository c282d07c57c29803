import { err, ok, type Result } from '../../../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../../domain/stage-error.ts';
import { keyProblem } from '../../../kit/storage-key.ts';
import { PRIVATE_DIR } from './root.ts';

/** A key that can only name a file below the root: folders from the root down, and the file's name. */
export interface ParsedKey {
  readonly key: string;
  readonly folders: readonly string[];
  readonly name: string;
}

/** Anything that could lead out of the root, or into the storage's own folder, is STORAGE_DENIED. */
export function parseKey(key: string): Result<ParsedKey, PluginFailure> {
  const segments = key.split('/');
  const name = segments.pop();
  const problem = problemOf(key);
  if (problem !== undefined || name === undefined) {
    return err(pluginFailure('STORAGE_DENIED', `not a storage key: ${JSON.stringify(key)} ${problem ?? 'is empty'}`));
  }
  return ok({ key, folders: segments, name });
}

const problemOf = (key: string): string | undefined =>
  key.split('/')[0] === PRIVATE_DIR ? `is in the storage's own folder ${PRIVATE_DIR}` : keyProblem(key);
