import { appendFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { formatReport } from '../config/issue.ts';
import { loadConfig } from '../config/load.ts';
import { createLogger, type LogLevel } from '../kit/logger.ts';
import { createTelemetryRelay } from '../kit/telemetry-relay.ts';
import { createBuiltinRegistry } from '../plugins/builtin.ts';
import { type App, foldersOf } from '../runtime/app.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';

/** Options that every verb has. */
export interface CommonOptions {
  readonly config: string;
  readonly logLevel: LogLevel;
}

interface AppExtras {
  /** Takes the log instead of standard output. */
  readonly logFile?: string;
}

/**
 * Loads the configuration and makes its folder the working directory, so that relative paths in it start there.
 * The app's signal aborts at the first SIGINT, SIGTERM or SIGHUP, or when the parent that supervises this process is gone.
 */
export async function openApp(
  options: CommonOptions,
  { logFile }: AppExtras = {},
): Promise<App & { readonly configFile: string }> {
  const loaded = await loadConfig(resolve(options.config), createBuiltinRegistry());
  if (!loaded.ok) throw new CliError(formatReport(loaded.error), EXIT.failed);
  const { config, file, registry, facts, warnings } = loaded.value;
  process.chdir(dirname(file));
  const pretty = process.stdout.isTTY === true;
  const telemetry = createTelemetryRelay();
  const logger = createLogger({
    level: options.logLevel,
    pretty: pretty && logFile === undefined,
    ...(logFile === undefined ? {} : { write: (line: string) => appendFileSync(logFile, line) }),
    telemetry: telemetry.write,
  });
  for (const { path, what, fix } of warnings) logger.warn({ path: path.join('.') }, `${what}; ${fix}`);
  return {
    config,
    configFile: file,
    registry,
    cameraNames: facts.cameraNames,
    folders: foldersOf(config),
    logger,
    telemetry,
    signal: stopSignal(),
  };
}

function stopSignal(): AbortSignal {
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  // A supervised process has a channel to its parent; without it nobody would ever stop this one.
  process.on('disconnect', stop);
  return stopping.signal;
}
