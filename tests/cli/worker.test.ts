import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { expect, it, onTestFinished } from 'vitest';
import { NODE_OPTIONS } from '../../src/cli/node-options.ts';
import { createConfigFolder, SHORTEST_CONFIG } from '../support/config-file.ts';
import { HOMESEC } from '../support/homesec.ts';
import { startMosquitto, subscribe } from '../support/mqtt-brokers.ts';
import { waitUntil } from '../support/wait-until.ts';

const LIMIT_MS = 120_000;

it('a pipeline worker has the options of Node that it wants, in the one process that was started', {
  timeout: LIMIT_MS,
}, async () => {
  // Given a worker that is started by itself, and waits for Temporal
  await using home = await createConfigFolder();
  const config = await home.write(
    'homesec.yaml',
    `${SHORTEST_CONFIG}temporal: { address: "127.0.0.1:1" }
`,
  );
  const child = spawn(process.execPath, [HOMESEC, 'worker', 'pipeline', '-c', config], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const ended = once(child, 'exit');
  await waitUntil('it waits', () => output.stdout.includes('waiting for Temporal'), LIMIT_MS);
  // When
  const commandLine = (await readFile(`/proc/${child.pid}/cmdline`, 'utf8')).split('\0');
  const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
  child.kill('SIGTERM');
  // Then
  expect(await ended).toEqual([0, null]);
  expect(commandLine).toEqual(expect.arrayContaining([...NODE_OPTIONS.pipeline, 'worker', 'pipeline', config]));
  for (const pid of children.split(' ').filter((word) => word !== '')) {
    // The bundler of workflows, if it is still at it.
    expect(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).not.toContain('pipeline');
  }
  expect(output.stderr).toBe('');
});

it('a pipeline worker is seen at the MQTT broker before there is an alert, or a server', { timeout: LIMIT_MS }, async () => {
  // Given
  await using home = await createConfigFolder();
  const broker = await startMosquitto(['allow_anonymous true']);
  onTestFinished(() => broker.kill());
  const seen = await subscribe(broker.port, 'homesec/availability');
  onTestFinished(() => seen.stop());
  const config = await home.write(
    'homesec.yaml',
    `${SHORTEST_CONFIG}temporal: { address: "127.0.0.1:1" }
notifiers: [{ name: house, backend: mqtt, config: { host: 127.0.0.1, port: ${broker.port} } }]
`,
  );
  // When
  const child = spawn(process.execPath, [HOMESEC, 'worker', 'pipeline', '-c', config], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  await waitUntil('it is there', () => seen.lines.includes('homesec/availability 0 online'), LIMIT_MS);
  child.kill('SIGTERM');
  // Then
  expect(await ended).toEqual([0, null]);
  await waitUntil('it has said goodbye', () => seen.lines.at(-1) === 'homesec/availability 0 offline');
});
