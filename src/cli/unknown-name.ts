import { nearestTo } from '../domain/nearest.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';

/** Helps with a name that is not configured. */
export function unknownName(what: 'camera' | 'channel', name: string, configured: readonly string[]): CliError {
  const nearest = nearestTo(name, configured);
  const fix = nearest === undefined ? `configured are: ${configured.join(', ') || 'none'}` : `did you mean ${nearest}?`;
  return new CliError(`no ${what} is called ${name}; ${fix}`, EXIT.failed);
}
