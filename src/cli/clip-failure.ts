import { assertNever } from '../domain/assert-never.ts';
import type { Result } from '../domain/result.ts';
import type { RepositoryError } from '../repository/repository-error.ts';
import type { ClipCommandError } from '../runtime/clip-commands.ts';
import { valueOrExit } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';

export type ClipFailure = ClipCommandError | RepositoryError;

/** The value, or the end of the program with the code that fits. */
export const valueOf = <T>(result: Result<T, ClipFailure>): T => valueOrExit(result, exitCodeOf);

export function exitCodeOf({ code }: ClipFailure): number {
  switch (code) {
    case 'unavailable':
    case 'DB_UNAVAILABLE':
      return EXIT.unavailable;
    case 'filter_invalid':
    case 'CLIPS_CURSOR_INVALID':
    case 'CLIPS_TIMESTAMP_INVALID':
    case 'CLIPS_TIME_RANGE_INVALID':
      return EXIT.usage;
    case 'unknown_clip':
    case 'refused':
    case 'DB_REJECTED':
    case 'EVENT_FOREIGN':
    case 'ROW_UNREADABLE':
      return EXIT.failed;
    default:
      return assertNever(code);
  }
}
