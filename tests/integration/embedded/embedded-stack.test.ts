import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SEARCH_ATTRIBUTES } from '../../../src/domain/process-clip.ts';
import { readEndpoints } from '../../../src/embedded/stack-file.ts';
import { identifyProcess, isAlive, type ProcessIdentity } from '../../../src/kit/process-identity.ts';
import { makeDataDir } from '../../support/data-dir.ts';
import { holdStack } from '../../support/held-stack.ts';
import { openStack } from '../../support/open-stack.ts';
import { query } from '../../support/query.ts';
import { waitUntil } from '../../support/wait-until.ts';

const ONLY_POSTGRES = { temporal: false, broker: false } as const;
const ONLY_BROKER = { temporal: false, postgres: false } as const;

const childOf = (dataDir: string, part: string): ProcessIdentity =>
  JSON.parse(readFileSync(join(dataDir, `${part}.pid`), 'utf8')) as ProcessIdentity;
const portOf = (url: string | undefined): number => Number(new URL(url ?? '').port);
const modeOf = (path: string): number => statSync(path).mode & 0o777;

const isReachable = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

describe('the embedded stack', () => {
  it('serves Postgres, Temporal with its UI, and a broker, on 127.0.0.1 alone', async () => {
    // Given
    using dataDir = makeDataDir();
    const progress: string[] = [];
    // When
    await using stack = await openStack({
      dataDir: dataDir.path,
      relaxed: true,
      onProgress: ({ part }) => progress.push(part),
    });
    // Then
    const { postgresDsn, temporalAddress, temporalUiUrl, mqttUrl } = stack.endpoints;
    expect(await query(postgresDsn, 'select current_database()')).toEqual([{ current_database: 'homesec' }]);
    expect((await fetch(temporalUiUrl ?? '')).status).toBe(200);
    const ports = [portOf(postgresDsn), portOf(`tcp://${temporalAddress}`), portOf(temporalUiUrl), portOf(mqttUrl)];
    // 127.0.0.2 is this machine too, and would reach whatever listens on all addresses.
    expect(await Promise.all(ports.map((port) => isReachable('127.0.0.1', port)))).toEqual([true, true, true, true]);
    expect(await Promise.all(ports.map((port) => isReachable('127.0.0.2', port)))).toEqual([false, false, false, false]);
    expect(new Set(progress)).toEqual(new Set(['postgres', 'temporal', 'broker']));
  });

  it('prepares the namespace with 30 days of retention and the search attributes', async () => {
    // Given
    using dataDir = makeDataDir();
    await using stack = await openStack({ dataDir: dataDir.path, postgres: false, broker: false });
    const connection = await Connection.connect({ address: stack.endpoints.temporalAddress ?? '' });
    onTestFinished(() => connection.close());
    // When
    const described = await connection.workflowService.describeNamespace({ namespace: 'homesec' });
    const attributes = await connection.operatorService.listSearchAttributes({ namespace: 'homesec' });
    // Then
    expect(Number(described.config?.workflowExecutionRetentionTtl?.seconds)).toBe(720 * 3_600);
    expect(Object.keys(attributes.customAttributes)).toEqual(expect.arrayContaining(Object.keys(SEARCH_ATTRIBUTES)));
  });

  it('is durable unless it is told otherwise', async () => {
    // Given
    using dataDir = makeDataDir();
    await using stack = await openStack({ dataDir: dataDir.path, ...ONLY_POSTGRES });
    // When
    const settings = await query<{ name: string; setting: string }>(
      stack.endpoints.postgresDsn,
      `select name, setting from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit', 'server_version_num') order by name`,
    );
    // Then
    expect(settings.map(({ setting }) => setting)).toEqual(['on', 'on', expect.stringMatching(/^15/), 'on']);
  });

  it('shows its password to nobody else', async () => {
    // Given
    using dataDir = makeDataDir();
    // When
    await using stack = await openStack({ dataDir: dataDir.path, relaxed: true, ...ONLY_POSTGRES });
    // Then
    const wrong = new URL(stack.endpoints.postgresDsn ?? '');
    wrong.password = 'wrong';
    await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password/);
    expect(['embedded.json', 'postgres.password'].map((file) => modeOf(join(dataDir.path, file)))).toEqual([0o600, 0o600]);
  });

  it('keeps addresses and data over a restart', async () => {
    // Given
    using dataDir = makeDataDir();
    const options = { dataDir: dataDir.path, relaxed: true, temporal: false } as const;
    const first = await openStack(options);
    await query(first.endpoints.postgresDsn, 'create table kept as select 7 as number');
    await first.close();
    // When
    await using second = await openStack(options);
    // Then
    expect(second.endpoints).toEqual(first.endpoints);
    expect(await query(second.endpoints.postgresDsn, 'select number from kept')).toEqual([{ number: 7 }]);
  });

  it('moves away from a kept port that a stranger has taken', async () => {
    // Given
    using dataDir = makeDataDir();
    const options = { dataDir: dataDir.path, ...ONLY_BROKER } as const;
    const first = await openStack(options);
    await first.close();
    const stranger = createServer().listen(portOf(first.endpoints.mqttUrl), '127.0.0.1');
    await once(stranger, 'listening');
    onTestFinished(() => void stranger.close());
    const progress: string[] = [];
    // When
    await using second = await openStack({ ...options, onProgress: ({ message }) => progress.push(message) });
    // Then
    expect(portOf(second.endpoints.mqttUrl)).not.toBe(portOf(first.endpoints.mqttUrl));
    expect(progress.join('\n')).toContain(`port ${portOf(first.endpoints.mqttUrl)} is in use`);
  });

  it('says which port is taken when that port was asked for', async () => {
    // Given
    using dataDir = makeDataDir();
    const stranger = createServer().listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    onTestFinished(() => void stranger.close());
    const address = stranger.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    // When
    const opening = openStack({ dataDir: dataDir.path, ...ONLY_BROKER, broker: { port } });
    // Then
    await expect(opening).rejects.toMatchObject({ code: 'STACK_PORT_TAKEN', message: expect.stringContaining(String(port)) });
  });

  it('is refused on a data dir whose stack is alive, and tells other processes its endpoints only while it is', async () => {
    // Given
    using dataDir = makeDataDir();
    await using held = await holdStack({ dataDir: dataDir.path, ...ONLY_BROKER });
    const during = readEndpoints(dataDir.path);
    // When
    const second = openStack({ dataDir: dataDir.path, ...ONLY_BROKER });
    // Then
    await expect(second).rejects.toMatchObject({
      code: 'STACK_IN_USE',
      message: expect.stringContaining(String(held.endpoints.pid)),
    });
    expect(during).toEqual(held.endpoints);
    await held.end('SIGKILL');
    expect(readEndpoints(dataDir.path)).toBeUndefined();
    // What was refused and what was killed leave the data dir usable.
    await using third = await openStack({ dataDir: dataDir.path, ...ONLY_BROKER });
    expect(third.endpoints.mqttUrl).toBe(held.endpoints.mqttUrl);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('ends with its process on %s', async (signal) => {
    // Given
    using dataDir = makeDataDir();
    await using held = await holdStack({ dataDir: dataDir.path, temporal: false });
    const children = ['postgres', 'broker'].map((part) => childOf(dataDir.path, part));
    // When
    const ended = await held.end(signal);
    // Then
    expect(ended).toBe(signal);
    expect(children.map(isAlive)).toEqual([false, false]);
  });

  it('ends at its next start what a killed process left running, and no stranger', async () => {
    // Given
    using dataDir = makeDataDir();
    await using held = await holdStack({ dataDir: dataDir.path });
    const orphans = ['postgres', 'temporal', 'broker'].map((part) => childOf(dataDir.path, part));
    await held.end('SIGKILL');
    expect(orphans.map(isAlive)).toEqual([true, true, true]);
    // When
    const next = await openStack({ dataDir: dataDir.path, relaxed: true });
    await next.close();
    // Then
    expect(orphans.map(isAlive)).toEqual([false, false, false]);
    expect(next.endpoints).toMatchObject({ postgresDsn: held.endpoints.postgresDsn, mqttUrl: held.endpoints.mqttUrl });
  });

  it('leaves a process alone that has only inherited the pid of an old child', async () => {
    // Given
    using dataDir = makeDataDir();
    const stranger = spawn('sleep', ['600'], { stdio: 'ignore' });
    onTestFinished(() => void stranger.kill());
    const identity = identifyProcess(stranger.pid ?? 0);
    writeFileSync(join(dataDir.path, 'broker.pid'), JSON.stringify({ pid: stranger.pid, startMark: 'another life' }));
    // When
    await using stack = await openStack({ dataDir: dataDir.path, ...ONLY_BROKER });
    // Then
    expect(stack.endpoints.mqttUrl).toBeDefined();
    expect(identity !== undefined && isAlive(identity)).toBe(true);
  });

  it('starts a part again that died, at the same address and with its data', async () => {
    // Given
    using dataDir = makeDataDir();
    const progress: string[] = [];
    await using stack = await openStack({
      dataDir: dataDir.path,
      ...ONLY_POSTGRES,
      onProgress: ({ message }) => progress.push(message),
    });
    await query(stack.endpoints.postgresDsn, 'create table kept as select 7 as number');
    const before = childOf(dataDir.path, 'postgres');
    // When
    process.kill(before.pid, 'SIGKILL');
    await waitUntil('Postgres to serve again', () => progress.includes('serves again'));
    // Then
    expect(await query(stack.endpoints.postgresDsn, 'select number from kept')).toEqual([{ number: 7 }]);
    expect(childOf(dataDir.path, 'postgres').pid).not.toBe(before.pid);
  });

  it('leaves nothing running when a part cannot start', async () => {
    // Given
    using dataDir = makeDataDir();
    const env = { ...process.env, TEMPORAL_ADDRESS: '', TEMPORAL_CLI_PATH: '/bin/false' };
    // When
    const opening = openStack({ dataDir: dataDir.path, relaxed: true, env });
    // Then
    await expect(opening).rejects.toMatchObject({
      code: 'STACK_PART_FAILED',
      message: expect.stringContaining('temporal ended while starting (code 1)'),
    });
    expect(
      ['postgres.pid', 'temporal.pid', 'broker.pid', 'embedded.json'].filter((file) => existsSync(join(dataDir.path, file))),
    ).toEqual([]);
  });

  it('starts only the parts that were asked for', async () => {
    // Given
    using dataDir = makeDataDir();
    // When
    await using stack = await openStack({ dataDir: dataDir.path, ...ONLY_BROKER });
    // Then
    expect(Object.keys(stack.endpoints).toSorted()).toEqual(['mqttUrl', 'pid']);
    expect(existsSync(join(dataDir.path, 'postgres'))).toBe(false);
  });
});
