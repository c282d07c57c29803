import { appendFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type ConfigIssue, formatReport } from '../config/issue.ts';
import { loadConfig } from '../config/load.ts';
import { createLogger, type LogLevel } from '../kit/logger.ts';
import { createTelemetryRelay } from '../kit/telemetry-relay.ts';
import { createBuiltinRegistry } from '../plugins/builtin.ts';
import { type App, foldersOf } from '../runtime/app.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { openStopSignal } from './stop-signal.ts';

/** Options that every verb has. */
export interface CommonOptions {
  readonly config: string;
  readonly logLevel: LogLevel;
}

export interface ConfiguredApp extends App {
  readonly configFile: string;
  /** What in the configuration a person should look at. Logged already. */
  readonly warnings: readonly ConfigIssue[];
}

/**
 * For a command that answers and ends. What it logs goes to standard error, so that its answer stays readable for scripts,
 * and Ctrl-C ends it like any program.
 */
export const openApp = (options: CommonOptions): Promise<ConfiguredApp> =>
  open(options, {
    signal: new AbortController().signal,
    pretty: process.stderr.isTTY === true,
    write: (line) => process.stderr.write(line),
  });

/** For a process that works until it is asked to end. Its log is its output, or goes to a file. */
export const openService = (options: CommonOptions, { logFile }: { readonly logFile?: string } = {}): Promise<ConfiguredApp> =>
  open(options, {
    signal: openStopSignal(),
    ...(logFile === undefined
      ? { pretty: process.stdout.isTTY === true }
      : { pretty: false, write: (line) => appendFileSync(logFile, line) }),
  });

interface Surroundings {
  readonly signal: AbortSignal;
  readonly pretty: boolean;
  /** Takes the log; left out: standard output. */
  readonly write?: (line: string) => void;
}

/** Loads the configuration and makes its folder the working directory, so that relative paths in it start there. */
async function open({ config: path, logLevel }: CommonOptions, { signal, ...log }: Surroundings): Promise<ConfiguredApp> {
  const loaded = await loadConfig(resolve(path), createBuiltinRegistry());
  if (!loaded.ok) throw new CliError(formatReport(loaded.error), EXIT.failed);
  const { config, file, registry, facts, warnings } = loaded.value;
  process.chdir(dirname(file));
  const telemetry = createTelemetryRelay();
  const logger = createLogger({ level: logLevel, telemetry: telemetry.write, ...log });
  for (const { path, what, fix } of warnings) logger.warn({ path: path.join('.') }, `${what}; ${fix}`);
  return {
    config,
    configFile: file,
    warnings,
    registry,
    cameraNames: facts.cameraNames,
    folders: foldersOf(config),
    logger,
    telemetry,
    signal,
  };
}
