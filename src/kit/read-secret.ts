import { err, ok, type Result } from '../domain/result.ts';
import { Secret } from '../domain/secret.ts';
import { type PluginFailure, pluginFailure } from '../domain/stage-error.ts';

/**
 * The secret in an environment variable, read anew each time.
 * @returns SECRET_MISSING when it is unset or empty; the message names the variable.
 */
export function readSecret(variable: string, environment: NodeJS.ProcessEnv = process.env): Result<Secret, PluginFailure> {
  const value = environment[variable];
  if (value === undefined || value === '') {
    return err(pluginFailure('SECRET_MISSING', `environment variable ${variable} is ${value === '' ? 'empty' : 'not set'}`));
  }
  return ok(new Secret(value));
}
