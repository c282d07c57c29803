import { tmpdir } from 'node:os';
import { err, ok } from '../../src/domain/result.ts';
import { Secret } from '../../src/domain/secret.ts';
import { pluginFailure } from '../../src/domain/stage-error.ts';
import type { PluginContext } from '../../src/plugins/spec/plugin.ts';

/** A line that a plugin logged. */
export interface LoggedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

export interface TestContext extends PluginContext {
  /** Everything logged so far. */
  readonly lines: readonly LoggedLine[];
}

/** What a plugin is given from outside, with the log kept and only the given secrets to be had. */
export function createTestContext(
  given: Partial<PluginContext> & { readonly secrets?: Record<string, string> } = {},
): TestContext {
  const { secrets = {}, ...overrides } = given;
  const lines: LoggedLine[] = [];
  const log = (level: LoggedLine['level']) => (fields: object, message: string) => void lines.push({ level, fields, message });
  return {
    logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    clock: { now: () => new Date().toISOString() },
    tempDir: tmpdir(),
    stateDir: tmpdir(),
    modelsDir: tmpdir(),
    signal: new AbortController().signal,
    readSecret: (variable) => {
      const value = secrets[variable];
      return value === undefined ? err(pluginFailure('SECRET_MISSING', `${variable} is not set`)) : ok(new Secret(value));
    },
    cameraNames: [],
    ...overrides,
    lines,
  };
}
