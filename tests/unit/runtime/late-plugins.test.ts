import { expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { createDecideAgain } from '../../../activities/backfill-stages.ts';
import type { PolicyFacts } from '../../../src/domain/alert.ts';
import { definePlugin } from '../../../src/plugins/spec/plugin.ts';
import { createAnalyzerVariants, createFilterVariants, createPolicyVariants } from '../../../src/runtime/compose.ts';
import { openAnalyzer, openChannels, openPolicy, openStorage } from '../../../src/runtime/late-plugins.ts';
import { RecordingNotifier } from '../../fakes/recording-notifier.ts';
import { SMALL_PLUGINS } from '../../support/config-file.ts';
import { FULL_ALERT } from '../../support/sample-alert.ts';
import { createSmallApp } from '../../support/small-app.ts';
import { waitUntil } from '../../support/wait-until.ts';

const MISSING = 'cannot be loaded: no such package';
const { signal } = new AbortController();
const FACTS: PolicyFacts = {
  ...{ cameraName: 'Front Door', recordedStartAt: '2026-11-23T02:27:00.000Z', triggerClasses: [] },
  ...{ filter: { state: 'pending' }, analysis: { state: 'pending' } },
};

/** An app whose plugins can be loaded once `install` was called, with one channel; `load` says what comes of it before. */
async function withoutPackages(load: () => void | Promise<void> = () => Promise.reject(new Error('no such package'))) {
  let isInstalled = false;
  const channel = Object.assign(new RecordingNotifier(), { starts: 0, start: () => void (channel.starts += 1) });
  const phone = definePlugin({ kind: 'notifier', backend: 'phone', configSchema: z.strictObject({}), create: () => channel });
  const lacking = [...SMALL_PLUGINS, phone].map((plugin): (typeof SMALL_PLUGINS)[number] => ({
    ...plugin,
    create: async (config, context) => {
      if (!isInstalled) await load();
      return plugin.create(config as never, context);
    },
  }));
  const notifiers = [{ name: 'Phone', backend: 'phone', enabled: true, config: {} }];
  const app = await createSmallApp(lacking, (config) => ({ ...config, notifiers }));
  onTestFinished(() => app[Symbol.asyncDispose]());
  return { app, channel, install: () => (isInstalled = true) };
}

it('storage and model that cannot be loaded say so at each call, until they can be', async () => {
  // Given
  const { app, install } = await withoutPackages();
  const opened = [await openStorage(app), await openAnalyzer(app)];
  for (const plugin of opened) {
    // When it is needed
    const failed = await plugin.ping();
    // Then
    const message = expect.stringContaining(MISSING);
    expect(failed).toMatchObject({ error: { code: 'PLUGIN_UNUSABLE', message, causes: [{ message: 'no such package' }] } });
    expect(plugin.findings()).toMatchObject([
      { state: 'attention', message, fix: expect.stringContaining('restart the worker') },
    ]);
  }
  // When
  install();
  // Then it is the plugin that answers
  for (const plugin of opened) {
    expect(await plugin.ping()).toMatchObject({ error: { code: 'UNEXPECTED' } });
    expect(plugin.findings()).toEqual([]);
    await plugin.close();
  }
});

it('a channel that could not be loaded connects once it can be, and only once', async () => {
  // Given
  const { app, channel, install } = await withoutPackages();
  const { notifier } = (await openChannels(app)).get('Phone') ?? {};
  expect(await notifier?.send(FULL_ALERT, signal)).toMatchObject({ error: { code: 'PLUGIN_UNUSABLE' } });
  install();
  // When two alerts come at once
  const sent = await Promise.all([notifier?.send(FULL_ALERT, signal), notifier?.send(FULL_ALERT, signal)]);
  // Then
  expect(sent).toMatchObject([{ ok: true }, { ok: true }]);
  expect([channel.starts, channel.sent.length]).toEqual([1, 2]);
  // When the worker ends
  await notifier?.close();
  // Then
  expect(await channel.ping()).toMatchObject({ error: { message: 'the channel has been closed' } });
});

it('a policy that cannot be loaded throws as a faulty one does, until it can be', async () => {
  // Given
  const { app, install } = await withoutPackages();
  const policy = await openPolicy(app);
  await expect(policy.decide(FACTS)).rejects.toThrow(MISSING);
  // When
  install();
  // Then
  expect(await policy.decide(FACTS)).toEqual({ notify: false, notifyReason: 'quiet' });
});

it('one that was never loaded can be closed', async () => {
  // Given
  const { app } = await withoutPackages();
  const storage = await openStorage(app);
  // When
  const closed = storage.close();
  // Then
  await expect(closed).resolves.toBeUndefined();
});

/** A channel that is still being loaded when the worker has waited for long enough. */
async function openSlowChannel() {
  const loading = Promise.withResolvers<void>();
  const { app, channel } = await withoutPackages(() => loading.promise);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const opening = openChannels(app);
  await vi.advanceTimersByTimeAsync(8_000);
  return { loading, channel, notifier: (await opening).get('Phone')?.notifier };
}

it('one that is being loaded for long holds up neither start nor end, and is used once it is there', async () => {
  // Given a worker that has started
  const { loading, channel, notifier } = await openSlowChannel();
  // When it is needed
  const early = await notifier?.send(FULL_ALERT, signal);
  // Then it says so, and nothing waits for as long again
  const message = expect.stringContaining('longer than 8 s');
  expect(early).toMatchObject({ error: { code: 'PLUGIN_UNUSABLE', message } });
  expect(notifier?.findings()).toMatchObject([{ state: 'attention', message }]);
  // When it is there
  loading.resolve();
  await waitUntil('it is there', () => channel.starts > 0);
  // Then
  expect(await notifier?.send(FULL_ALERT, signal)).toMatchObject({ ok: true });
  expect(notifier?.findings()).toEqual([]);
});

it('one that is there only after the worker has ended keeps no connection', async () => {
  // Given a worker that has ended
  const { loading, channel, notifier } = await openSlowChannel();
  await notifier?.close();
  // When
  loading.resolve();
  // Then
  await waitUntil('it is closed', async () => !(await channel.ping()).ok);
});

it('what keeps one from being loaded is told without credentials', async () => {
  // Given an SDK that quotes what it was given
  const cause = new Error('no broker at mqtt://house:cause-secret@nas');
  const { app } = await withoutPackages(() =>
    Promise.reject(new TypeError('cannot parse https://house:sesame@nas/?token=abcdef', { cause })),
  );
  // When
  const storage = await openStorage(app);
  // Then
  const told = JSON.stringify([await storage.ping(), storage.findings()]);
  expect(told).toContain('cannot parse https://');
  expect(told).not.toMatch(/sesame|abcdef|cause-secret/);
});

it('a backfill that cannot have a plugin is told why at each clip, until it can', async () => {
  // Given
  const { app, install } = await withoutPackages();
  const policies = createPolicyVariants(app);
  const stages = [createFilterVariants(app), createAnalyzerVariants(app), policies];
  const decideAgain = createDecideAgain(policies);
  const lookAgain = () => Promise.all(stages.map((variants) => variants.use({}, async () => 'looked')));
  // When
  const failed = await lookAgain();
  // Then
  const error = { code: 'PLUGIN_UNUSABLE', message: expect.stringContaining(MISSING) };
  expect(failed).toMatchObject(stages.map(() => ({ error })));
  await expect(decideAgain({ facts: FACTS, override: {} })).rejects.toMatchObject({ type: error.code, nonRetryable: false });
  // When
  install();
  // Then
  expect(await lookAgain()).toMatchObject(stages.map(() => ({ value: 'looked' })));
  await Promise.all(stages.map((variants) => variants.close()));
});
