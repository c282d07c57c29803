import type { Result } from '../../src/domain/result.ts';

/** The value of a result that a test expects to be fine; fails with the error otherwise. */
export function valueOf<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(`expected a value, got ${JSON.stringify(result.error)}`);
  return result.value;
}

/** The error of a result that a test expects to have failed. */
export function errorOf<E>(result: Result<unknown, E>): E {
  if (result.ok) throw new Error(`expected an error, got ${JSON.stringify(result.value)}`);
  return result.error;
}
