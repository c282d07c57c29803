import type { ZodType } from 'zod';
import type { Instant } from '../../domain/instant.ts';
import type { MotionRecording } from '../../domain/motion-recording.ts';
import type { Result } from '../../domain/result.ts';
import type { Secret } from '../../domain/secret.ts';
import type { PluginFailure } from '../../domain/stage-error.ts';
import type { Analyzer } from './analyzer.ts';
import type { Filter } from './filter.ts';
import type { Notifier } from './notifier.ts';
import type { Policy } from './policy.ts';
import type { ClipSource } from './source.ts';
import type { Storage } from './storage.ts';

/** The six kinds, and what a plugin of each kind creates. */
export interface PluginKinds {
  source: ClipSource;
  storage: Storage;
  filter: Filter;
  analyzer: Analyzer;
  policy: Policy;
  notifier: Notifier;
}
export type PluginKind = keyof PluginKinds;

/** An instance, or the promise of one whose modules are still to be loaded. */
export type Creation<Kind extends PluginKind> = PluginKinds[Kind] | Promise<PluginKinds[Kind]>;

/** Structured log lines; the second argument goes first in pino's way: fields, then the sentence. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Clock {
  now(): Instant;
}

/** All that a plugin is given from outside, apart from its own parsed config. */
export interface PluginContext {
  readonly logger: Logger;
  readonly clock: Clock;
  /** A folder of the plugin's own for files that may vanish at any time. Exists. */
  readonly tempDir: string;
  /** A folder of the plugin's own on the local disk for small files that outlive the process. Exists. */
  readonly stateDir: string;
  /** Where downloaded models lie. */
  readonly modelsDir: string;
  /** Aborted when the process stops. */
  readonly signal: AbortSignal;
  /** The value of an environment variable that the config names, read when it is needed. Fails with SECRET_MISSING. */
  readonly readSecret: (variable: string) => Result<Secret, PluginFailure>;
  /** Names of all configured cameras, as written. */
  readonly cameraNames: readonly string[];
  /** For a source: the camera it records. */
  readonly cameraName?: string;
}

/** Facts that one plugin's config is checked against though another part owns them. */
export interface ConfigFacts {
  readonly cameraNames: readonly string[];
  /** Words that the configured analyzer can answer with. */
  readonly activityTypes: readonly string[];
  /** Classes that the configured filter can report. */
  readonly filterClasses: readonly string[];
  /** Where installed models lie, when that is known. */
  readonly modelsDir?: string;
  /** Where relative paths in the config start: the folder of its file. Left out: the working directory. */
  readonly baseDir?: string;
}

/** Something wrong with a config that its schema alone cannot say. */
export interface ConfigProblem {
  /** Below the plugin's own `config`. */
  readonly path: readonly (string | number)[];
  readonly what: string;
  readonly fix: string;
}

/** What is wrong with one of several configs only because of the others. */
export interface SharedConfigProblem extends ConfigProblem {
  /** Which of the configs. */
  readonly index: number;
}

/** A folder that a plugin uses, so that no two of them overlap. */
export interface UsedFolder {
  readonly path: readonly (string | number)[];
  /** As configured: a relative one starts at the folder of the configuration file, not at the working directory. */
  readonly folder: string;
  readonly use: 'watch' | 'output' | 'storage';
}

/**
 * The one shape of every plugin. Creating loads what the plugin is made of, such as a service's SDK, so that a process holds only
 * what it uses; the instance opens what it needs when it is first used.
 */
export interface Plugin<Kind extends PluginKind = PluginKind, Config = never, Created extends Creation<Kind> = Creation<Kind>> {
  readonly kind: Kind;
  /** What the owner writes after `backend:`; lower case with underscores. */
  readonly backend: string;
  readonly configSchema: ZodType<Config>;
  readonly create: (config: Config, context: PluginContext) => Created;
  readonly checkConfig?: (config: Config, facts: ConfigFacts) => readonly ConfigProblem[];
  /** Checks all enabled uses of this plugin against each other, in the order of the file. */
  readonly checkTogether?: (configs: readonly Config[]) => readonly SharedConfigProblem[];
  /** Sources that record on motion: what a camera with this config would record, so that it can be tried on a file. */
  readonly recordingOf?: (config: Config) => MotionRecording;
  readonly folders?: (config: Config) => readonly UsedFolder[];
  /** Analyzers: the activity types they can emit. */
  readonly activityTypes?: readonly string[];
  /** Filters: the classes that a filter with this config can report. */
  readonly classesOf?: (config: Config) => readonly string[];
}

/** Types a plugin's parts against each other. */
export function definePlugin<Kind extends PluginKind, Config, Created extends Creation<Kind>>(
  plugin: Plugin<Kind, Config, Created>,
): Plugin<Kind, Config, Created> {
  return plugin;
}
