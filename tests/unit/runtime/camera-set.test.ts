import { expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import type { Config } from '../../../src/config/schema.ts';
import type { AnyPlugin } from '../../../src/plugins/registry.ts';
import { definePlugin } from '../../../src/plugins/spec/plugin.ts';
import type { ClipSink } from '../../../src/plugins/spec/source.ts';
import type { App } from '../../../src/runtime/app.ts';
import { createCameraSet } from '../../../src/runtime/camera-set.ts';
import { SMALL_PLUGINS } from '../../support/config-file.ts';
import { createSmallApp } from '../../support/small-app.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** Cameras whose plugin is loaded when the test says so, and the names of those that record. */
async function open(...cameras: readonly string[]) {
  const [asked, recording] = [[] as string[], [] as string[]];
  const loads = new Map(cameras.map((name) => [name, Promise.withResolvers<void>()]));
  const stopping = new AbortController();
  const awaited = definePlugin({
    kind: 'source',
    backend: 'awaited',
    configSchema: z.strictObject({}),
    create: async (_config, { cameraName = '' }) => {
      asked.push(cameraName);
      await loads.get(cameraName)?.promise;
      return {
        start: async () => void recording.push(cameraName),
        stop: async () => void recording.splice(recording.indexOf(cameraName), 1),
        status: () => ({ state: 'watching' as const, problems: [] }),
      };
    },
  });
  const app = await appWith(cameras, awaited, stopping.signal);
  return { set: createCameraSet(app, {} as ClipSink), app, asked, recording, loads, stopping };
}

async function appWith(cameras: readonly string[], awaited: AnyPlugin, signal: AbortSignal): Promise<App> {
  const source = { backend: 'awaited', config: {} };
  const named = (config: Config): Config => ({
    ...config,
    cameras: config.cameras.flatMap((pattern) => cameras.map((name) => ({ ...pattern, name, source }))),
  });
  const app = await createSmallApp([...SMALL_PLUGINS, awaited], named, signal);
  onTestFinished(() => app[Symbol.asyncDispose]());
  return app;
}

it('a camera whose plugin cannot be loaded keeps no other from recording, says why, and is tried again', async () => {
  // Given
  const { set, app, asked, recording, loads, stopping } = await open('Door', 'Yard');
  loads.get('Door')?.reject(new Error('no such package'));
  // When the other takes a while
  const applied = set.apply(app);
  await waitUntil('both are being loaded', () => asked.length === 2);
  loads.get('Yard')?.resolve();
  await applied;
  // Then
  expect(recording).toEqual(['Yard']);
  expect(set.report()).toMatchObject({
    Door: { message: expect.stringContaining('no such package') },
    Yard: { state: 'watching' },
  });
  // When it can be loaded
  loads.set('Door', Promise.withResolvers());
  loads.get('Door')?.resolve();
  // Then
  await waitUntil('both record', () => recording.length === 2);
  stopping.abort();
  await set.stop();
  expect(recording).toEqual([]);
});

it('a camera that is ended while its plugin is loaded never records', async () => {
  // Given
  const { set, app, asked, recording, loads } = await open('Door');
  const applied = set.apply(app);
  await waitUntil('it is being loaded', () => asked.length === 1);
  // When
  await set.stop();
  loads.get('Door')?.resolve();
  await applied;
  // Then
  expect(recording).toEqual([]);
});

it('a change that comes while a plugin is loaded leaves one source to a camera', async () => {
  // Given
  const { set, app, asked, recording, loads } = await open('Door');
  const first = set.apply(app);
  await waitUntil('it is being loaded', () => asked.length === 1);
  // When
  const [door] = app.config.cameras;
  if (door === undefined) throw new Error('no camera');
  const changed = { ...door, source: { backend: ' awaited ', config: {} } };
  const second = set.apply({ ...app, config: { ...app.config, cameras: [changed] } });
  loads.get('Door')?.resolve();
  await Promise.all([first, second]);
  // Then
  expect(recording).toEqual(['Door']);
});
