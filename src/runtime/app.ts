import { join, resolve } from 'node:path';
import type { LoadedConfig } from '../config/load.ts';
import { modelsDirOf } from '../config/own-folders.ts';
import type { Config } from '../config/schema.ts';
import { readEndpoints } from '../embedded/stack-file.ts';
import type { RootLogger } from '../kit/logger.ts';
import type { TelemetryRelay } from '../kit/telemetry-relay.ts';

/** What every process of HomeSec has: its configuration, its folders, a logger, and a signal that says stop. */
export interface App {
  readonly config: Config;
  readonly registry: LoadedConfig['registry'];
  readonly cameraNames: readonly string[];
  readonly folders: AppFolders;
  readonly logger: RootLogger;
  /** Where a process that reaches Postgres has its log lines stored as well. */
  readonly telemetry: TelemetryRelay;
  readonly signal: AbortSignal;
}

/** Absolute paths. */
export interface AppFolders {
  readonly data: string;
  readonly spool: string;
  readonly models: string;
  /** Files that may vanish at any time. */
  readonly temp: string;
  /** Small files that outlive the process. */
  readonly state: string;
}

export function foldersOf(config: Config, environment: NodeJS.ProcessEnv = process.env): AppFolders {
  const data = resolve(config.data_dir);
  return {
    data,
    spool: resolve(config.spool.dir ?? join(data, 'spool')),
    models: modelsDirOf(data, environment),
    temp: join(data, 'tmp'),
    state: join(data, 'state'),
  };
}

/** Where the servers are: as configured, else as the environment says, else the embedded ones while they run. Temporal: `temporalAccessOf`. */
export interface Endpoints {
  readonly postgresDsn: string | undefined;
  readonly mqttUrl: string | undefined;
  readonly temporalUiUrl: string | undefined;
}

/** Read anew at each call: embedded servers may come up after the process that asks. */
export function endpointsOf({ config, folders }: Pick<App, 'config' | 'folders'>, environment = process.env): Endpoints {
  const embedded = readEndpoints(folders.data);
  const dsnVariable = config.state_store?.dsn_env;
  return {
    postgresDsn: dsnVariable === undefined ? embedded?.postgresDsn : environment[dsnVariable],
    mqttUrl: environment[MQTT_URL_VARIABLE] ?? embedded?.mqttUrl,
    temporalUiUrl: embedded?.temporalUiUrl,
  };
}

/** Where channels without a host of their own find their broker. */
export const MQTT_URL_VARIABLE = 'HOMESEC_MQTT_URL';
