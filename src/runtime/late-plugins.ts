import type { NotifierConfig } from '../config/schema.ts';
import type { AlertDecision, PolicyFacts } from '../domain/alert.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { type PluginFailure, remedyOf } from '../domain/stage-error.ts';
import { attention } from '../kit/findings.ts';
import type { Analyzer } from '../plugins/spec/analyzer.ts';
import type { Finding } from '../plugins/spec/finding.ts';
import type { Notifier } from '../plugins/spec/notifier.ts';
import type { Storage } from '../plugins/spec/storage.ts';
import type { App } from './app.ts';
import { loadAnalyzer, loadNotifier, loadPolicy, loadStorage, notifiersOf, pluginUnusable } from './compose.ts';

/*
 * The plugins of workers. The software of one may be missing or broken: whatever needs it then fails with PLUGIN_UNUSABLE, is
 * tried again as any other failure, and everything else goes on. What Node has failed to import once it may fail to import for
 * as long as the process lives, so that the owner is told to restart it.
 */

/** A plugin that is loaded again with each call, for as long as that fails. */
export type Late<Plugin> = Plugin & {
  /** What keeps it from being used. */
  findings(): readonly Finding[];
  close(): Promise<void>;
};

export async function openStorage(app: App): Promise<Late<Storage>> {
  const { call, findings, close } = await openLate(app, 'storage', () => loadStorage(app));
  return {
    put: (...args) => call((storage) => storage.put(...args)),
    verify: (...args) => call((storage) => storage.verify(...args)),
    get: (...args) => call((storage) => storage.get(...args)),
    viewUrl: (...args) => call(async (storage) => storage.viewUrl?.(...args) ?? ok(undefined)),
    delete: (...args) => call((storage) => storage.delete(...args)),
    ping: () => call((storage) => storage.ping()),
    ...{ findings, close },
  };
}

export async function openAnalyzer(app: App): Promise<Late<Analyzer>> {
  const { call, findings, close } = await openLate(app, 'vision-language model', () => loadAnalyzer(app));
  return {
    analyze: (request) => call((analyzer) => analyzer.analyze(request)),
    ping: () => call((analyzer) => analyzer.ping()),
    ...{ findings, close },
  };
}

/** What decides throws for as long as it cannot be loaded, as one that is faulty does: the owner is then told without its opinion. */
export async function openPolicy(app: App): Promise<Late<{ decide(facts: PolicyFacts): Promise<AlertDecision> }>> {
  const { get, findings, close } = await openLate(app, 'alert policy', async () => {
    const policy = await loadPolicy(app);
    return { decide: (facts: PolicyFacts) => policy.decide(facts), close: () => Promise.resolve() };
  });
  const decide = async (facts: PolicyFacts): Promise<AlertDecision> => {
    const policy = await get();
    if (!policy.ok) throw new Error(policy.error.message);
    return policy.value.decide(facts);
  };
  return { decide, findings, close };
}

/** By name, the channels that are on; those that keep a connection begin to. */
export async function openChannels(app: App) {
  const open = async (channel: NotifierConfig) =>
    [channel.name, { backend: channel.backend, notifier: await openNotifier(app, channel) }] as const;
  return new Map(await Promise.all(notifiersOf(app.config).map(open)));
}

async function openNotifier(app: App, channel: NotifierConfig): Promise<Late<Notifier>> {
  const { call, instance, findings, close } = await openLate(app, `channel ${channel.name}`, async () => {
    const notifier = await loadNotifier(app, channel);
    notifier.start?.();
    return notifier;
  });
  return {
    send: (...args) => call((notifier) => notifier.send(...args)),
    get showsPictures() {
      return instance()?.showsPictures ?? true;
    },
    ping: () => call((notifier) => notifier.ping()),
    ...{ findings, close },
  };
}

type Work<Plugin, T> = (plugin: Plugin) => Promise<Result<T, PluginFailure>>;

/** Shorter than the shortest stage, a decision, may take. */
const LOADED_WITHIN_MS = 8_000;

/** Loads it, or finds out that it cannot be. One that takes longer is used once it is there; until then nothing waits for it again. */
async function openLate<Plugin extends { close(): Promise<void> }>({ logger }: App, what: string, load: () => Promise<Plugin>) {
  let loading: Promise<Result<Plugin, PluginFailure> | undefined> | undefined;
  let loaded: Plugin | undefined;
  let trouble: PluginFailure | undefined;
  let isClosed = false;

  function refuse(error: unknown): Result<never, PluginFailure> {
    const failure = pluginUnusable(what, error);
    if (trouble?.message !== failure.message) logger.error({ err: error }, failure.message);
    trouble = failure;
    return err(failure);
  }
  async function begin(): Promise<Result<Plugin, PluginFailure>> {
    try {
      loaded = await load();
      // Whoever closed it meanwhile found nothing to close.
      if (isClosed) await loaded.close();
      return ok(loaded);
    } catch (error) {
      loading = undefined;
      return refuse(error);
    }
  }
  async function get(): Promise<Result<Plugin, PluginFailure>> {
    if (loaded !== undefined) return ok(loaded);
    loading ??= within(LOADED_WITHIN_MS, begin());
    return (await loading) ?? refuse(new Error(`it takes longer than ${LOADED_WITHIN_MS / 1000} s`));
  }
  async function call<T>(work: Work<Plugin, T>): Promise<Result<T, PluginFailure>> {
    const plugin = await get();
    return plugin.ok ? work(plugin.value) : plugin;
  }
  await get();
  return {
    get,
    call,
    instance: () => loaded,
    findings: () =>
      trouble === undefined || loaded !== undefined ? [] : [attention(what, trouble.message, remedyOf(trouble.code))],
    close: async () => {
      isClosed = true;
      await loaded?.close();
    },
  };
}

/** What the work comes to, or undefined when that takes longer. The work itself goes on. */
async function within<T>(limitMs: number, work: Promise<T>): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const limit = setTimeout(() => resolve(undefined), limitMs);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(limit);
  }
}
