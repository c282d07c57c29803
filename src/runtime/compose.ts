import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CameraConfig, Config, NotifierConfig } from '../config/schema.ts';
import type { ClipPlan } from '../domain/process-clip.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { Secret } from '../domain/secret.ts';
import { type PluginFailure, pluginFailure } from '../domain/stage-error.ts';
import { systemClock } from '../kit/clock.ts';
import { readSecret } from '../kit/read-secret.ts';
import { reasonOf } from '../kit/thrown-reason.ts';
import { withoutSecrets } from '../kit/without-secrets.ts';
import { describeLoadProblem, type PluginLoadProblem } from '../plugins/registry.ts';
import type { Analyzer } from '../plugins/spec/analyzer.ts';
import type { Filter } from '../plugins/spec/filter.ts';
import type { Notifier } from '../plugins/spec/notifier.ts';
import type { PluginContext, PluginKind } from '../plugins/spec/plugin.ts';
import type { Policy } from '../plugins/spec/policy.ts';
import type { ClipSource } from '../plugins/spec/source.ts';
import type { Storage } from '../plugins/spec/storage.ts';
import { createVariants } from '../plugins/variants.ts';
import { type App, endpointsOf, MQTT_URL_VARIABLE } from './app.ts';

/*
 * The composition root: makes of a configuration the parts that a process needs. Each process takes only its own, so that
 * a recorder loads no detector and a detector no channel.
 */

const DEFAULT_NOTIFIERS: readonly NotifierConfig[] = [{ name: 'mqtt', backend: 'mqtt', enabled: true, config: {} }];

/** The channels that are on: the configured ones, or MQTT on the embedded broker. */
export const notifiersOf = (config: Config): readonly NotifierConfig[] =>
  (config.notifiers ?? DEFAULT_NOTIFIERS).filter((notifier) => notifier.enabled);

/** What of the configuration a clip takes along when it is handed over. */
export function planOf(config: Config): ClipPlan {
  const { vlm, alert, retry, clip_server: clipServer } = config;
  return {
    runMode: vlm.run_mode,
    triggerClasses: vlm.trigger_classes,
    alertDeadlineMs: alert.deadline_s * 1000,
    channels: notifiersOf(config).map((notifier) => notifier.name),
    parkForMs: retry.park_for_s * 1000,
    maxAttempts: retry.max_attempts,
    backoffMs: retry.backoff_s * 1000,
    ...(clipServer === undefined ? {} : { clipsUrl: clipServer.public_url }),
  };
}

/** The configured cameras that are on. */
export const enabledCameras = (config: Config): CameraConfig[] => config.cameras.filter((camera) => camera.enabled);

export async function loadSource(app: App, camera: CameraConfig): Promise<ClipSource> {
  const { backend, config } = camera.source;
  const context = { ...contextOf(app, 'source', backend), cameraName: camera.name };
  return loaded(await app.registry.loadSourcePlugin(backend, config, context));
}

export async function loadStorage(app: App): Promise<Storage> {
  const { backend, config } = app.config.storage;
  return loaded(await app.registry.loadStoragePlugin(backend, config, contextOf(app, 'storage', backend)));
}

export async function loadFilter(app: App): Promise<Filter> {
  const { backend, config } = app.config.filter;
  return loaded(await app.registry.loadFilterPlugin(backend, config, contextOf(app, 'filter', backend)));
}

export async function loadAnalyzer(app: App): Promise<Analyzer> {
  const { backend, config } = app.config.vlm;
  return loaded(await app.registry.loadAnalyzerPlugin(backend, config, contextOf(app, 'analyzer', backend)));
}

/** The configured filter with the overrides of backfills laid over its config. The same for the other stages below. */
export function createFilterVariants(app: App) {
  const { backend, config } = app.config.filter;
  const load = (own: object) => usable(() => app.registry.loadFilterPlugin(backend, own, contextOf(app, 'filter', backend)));
  return createVariants(config, load, { closeOne: (filter) => filter.close() });
}

export function createAnalyzerVariants(app: App) {
  const { backend, config } = app.config.vlm;
  const load = (own: object) => usable(() => app.registry.loadAnalyzerPlugin(backend, own, contextOf(app, 'analyzer', backend)));
  return createVariants(config, load, { closeOne: (analyzer) => analyzer.close() });
}

export function createPolicyVariants(app: App) {
  const { backend, config } = policyOf(app.config);
  return createVariants(config, (own) =>
    usable(() => app.registry.loadPolicyPlugin(backend, own, contextOf(app, 'policy', backend))),
  );
}

/** A plugin for a backfill, or why the worker cannot have it: it has another configuration by now, or its software is broken. */
async function usable<T>(load: () => Promise<Result<T, PluginLoadProblem>>): Promise<Result<T, PluginFailure>> {
  try {
    const plugin = await load();
    return plugin.ok ? plugin : err(pluginFailure('OVERRIDE_REFUSED', describeLoadProblem(plugin.error)));
  } catch (error) {
    return err(pluginUnusable('its plugin', error));
  }
}

/** Such failures are kept in histories and events. Which secrets they quote only the plugin knows, so what looks like one goes. */
export const pluginUnusable = (what: string, thrown: unknown): PluginFailure =>
  withoutSecrets(pluginFailure('PLUGIN_UNUSABLE', `${what} cannot be loaded: ${reasonOf(thrown)}`, thrown), []);

/** A policy that is off is the one that never alerts. */
export function policyOf({ alert_policy: { enabled, backend, config } }: Config) {
  return enabled ? { backend, config } : { backend: 'noop', config: {} };
}

export async function loadPolicy(app: App): Promise<Policy> {
  const chosen = policyOf(app.config);
  return loaded(await app.registry.loadPolicyPlugin(chosen.backend, chosen.config, contextOf(app, 'policy', chosen.backend)));
}

export async function loadNotifier(app: App, { backend, config }: NotifierConfig): Promise<Notifier> {
  return loaded(await app.registry.loadNotifierPlugin(backend, config, contextOf(app, 'notifier', backend)));
}

/** The configuration was checked when it was loaded, so a plugin that does not load now is a defect. */
function loaded<T>(plugin: Result<T, PluginLoadProblem>): T {
  if (!plugin.ok) throw new Error(describeLoadProblem(plugin.error));
  return plugin.value;
}

function contextOf(app: App, kind: PluginKind, backend: string): PluginContext {
  const tempDir = join(app.folders.temp, `${kind}-${backend}`);
  const stateDir = join(app.folders.state, `${kind}-${backend}`);
  for (const folder of [tempDir, stateDir]) mkdirSync(folder, { recursive: true });
  return {
    logger: app.logger.child({ plugin: `${kind}/${backend}` }),
    clock: systemClock,
    tempDir,
    stateDir,
    modelsDir: app.folders.models,
    signal: app.signal,
    readSecret: (variable) => readPluginSecret(app, variable),
    cameraNames: app.cameraNames,
  };
}

const NO_BROKER = pluginFailure(
  'SECRET_MISSING',
  `no broker is configured, and HomeSec's own does not run: \`homesec run\` starts it (${MQTT_URL_VARIABLE} is not set)`,
);

/** The embedded broker's address is known only while it runs, so it stands in no environment. */
function readPluginSecret(app: App, variable: string) {
  if (variable !== MQTT_URL_VARIABLE) return readSecret(variable);
  const { mqttUrl } = endpointsOf(app);
  return mqttUrl === undefined ? err(NO_BROKER) : ok(new Secret(mqttUrl));
}
