import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import type { Alert } from '../../../src/domain/alert.ts';
import { createClipId } from '../../../src/domain/ids.ts';
import { createConfigFolder, createSmallRegistry, SMALL_CONFIG } from '../../support/config-file.ts';
import { createTestContext } from '../../support/plugin-context.ts';
import { REPOSITORY } from '../../support/run-tool.ts';

const alert: Alert = {
  dedupeKey: 'clip-1',
  revision: 1,
  clipId: createClipId('2026-11-23T02:27:00.000Z', 'Front Door', '0123456789ab'),
  cameraName: 'Front Door',
  at: '2026-11-23T02:27:05.000Z',
  recordedStartAt: '2026-11-23T02:27:00.000Z',
  durationMs: 5000,
  notifyReason: 'risk_level=high',
  detectedClasses: ['person'],
  unverified: false,
  uploadFailed: false,
  vlmFailed: false,
  delayed: false,
};

test('the plugin of the guide works as it stands', async () => {
  // Given the guide's code as a file beside a configuration that names it, and a bell
  const guide = await readFile(join(REPOSITORY, 'docs', 'guide', 'plugins.md'), 'utf8');
  const code = /```js\n(.*?)```/s.exec(guide)?.[1] ?? '';
  await using place = await createConfigFolder();
  const zod = JSON.stringify(import.meta.resolve('zod'));
  await place.write('bell.js', code.replace("'zod'", zod).replace("'bell'", "'guide_bell'"));
  await place.write('package.json', '{"type": "module"}');
  const rung: string[] = [];
  const bell = createServer((request, response) => {
    rung.push(String(request.headers.authorization));
    response.end();
  }).listen(0, '127.0.0.1');
  await once(bell, 'listening');
  const address = bell.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const notifier = { name: 'hall', backend: 'guide_bell', config: { url: `http://127.0.0.1:${port}/` } };
  const file = await place.write(
    'homesec.yaml',
    `${SMALL_CONFIG}plugins: [./bell.js]\nnotifiers: [${JSON.stringify(notifier)}]\n`,
  );
  // When
  const loaded = await loadConfig(file, createSmallRegistry(), {});
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error.problems));
  const context = createTestContext({ secrets: { BELL_TOKEN: 'ding' } });
  const plugin = await loaded.value.registry.loadNotifierPlugin('guide_bell', notifier.config, context);
  const sent = plugin.ok ? await plugin.value.send(alert, context.signal) : plugin;
  bell.close();
  bell.closeAllConnections();
  const afterwards = plugin.ok ? await plugin.value.send(alert, context.signal) : plugin;
  // Then
  expect(sent).toEqual({ ok: true, value: undefined });
  expect(rung).toEqual(['Bearer ding']);
  expect(afterwards).toMatchObject({ ok: false, error: { code: 'NOTIFY_UNREACHABLE' } });
});
