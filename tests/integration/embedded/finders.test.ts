import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openEmbeddedStack } from '../../../src/embedded/embedded-stack.ts';
import { findTemporal, INSTALLED_TEMPORAL, type TemporalSource } from '../../../src/embedded/temporal-cli.ts';
import { makeDataDir } from '../../support/data-dir.ts';
import { stack } from '../../support/stack.ts';

function makeProgram(path: string): string {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, '#!/bin/sh\n');
  chmodSync(path, 0o755);
  return path;
}

describe('where Temporal comes from', () => {
  it('takes the first of: the server, the named program, PATH, the installed copy, an earlier download', () => {
    // Given
    using folder = makeDataDir();
    const named = makeProgram(join(folder.path, 'named'));
    const onPath = makeProgram(join(folder.path, 'bin', 'temporal'));
    const installedPath = makeProgram(join(folder.path, 'installed'));
    const downloadDir = join(folder.path, 'download');
    const downloaded = makeProgram(join(downloadDir, 'temporal-sdk-typescript-1.24.0'));
    const find = (env: NodeJS.ProcessEnv, installed = installedPath): TemporalSource =>
      findTemporal({ env, installedPath: installed, downloadDir, onProgress: () => undefined });
    const PATH = `/nonexistent:${join(folder.path, 'bin')}`;
    // When
    const found = [
      find({ TEMPORAL_ADDRESS: 'temporal:7233', TEMPORAL_CLI_PATH: named, PATH }),
      find({ TEMPORAL_CLI_PATH: named, PATH }),
      find({ PATH }),
      find({ PATH: '/nonexistent' }),
      find({ PATH: '/nonexistent' }, '/nonexistent/temporal'),
    ];
    // Then
    expect(found.map((source) => (source.kind === 'server' ? source.address : source.path))).toEqual([
      'temporal:7233',
      named,
      onPath,
      installedPath,
      downloaded,
    ]);
  });

  it('names every place when there is none', async () => {
    // Given: a download that cannot reach anything
    using dataDir = makeDataDir();
    const env = { PATH: '/nonexistent', HTTPS_PROXY: 'http://127.0.0.1:9', HTTP_PROXY: 'http://127.0.0.1:9' };
    // When
    const opening = openEmbeddedStack({
      dataDir: dataDir.path,
      postgres: false,
      broker: false,
      env,
      installedTemporalPath: '/nonexistent/temporal',
    });
    // Then
    const message = await opening.then(
      () => 'it started',
      (cause: unknown) => String(cause),
    );
    for (const place of ['TEMPORAL_ADDRESS', 'TEMPORAL_CLI_PATH', 'PATH', 'make setup', 'download'])
      expect(message).toContain(place);
  });

  it('does not look further when the named program is wrong', async () => {
    // Given
    using dataDir = makeDataDir();
    const env = { ...process.env, TEMPORAL_ADDRESS: '', TEMPORAL_CLI_PATH: '/nonexistent/temporal' };
    // When
    const opening = openEmbeddedStack({ dataDir: dataDir.path, postgres: false, broker: false, env });
    // Then
    await expect(opening).rejects.toMatchObject({
      code: 'TEMPORAL_NOT_FOUND',
      message: expect.stringContaining('/nonexistent/temporal'),
    });
  });

  it('starts no server of its own beside TEMPORAL_ADDRESS', async () => {
    // Given
    using dataDir = makeDataDir();
    const env = { TEMPORAL_ADDRESS: stack.temporalAddress, TEMPORAL_CLI_PATH: INSTALLED_TEMPORAL };
    // When
    await using opened = await openEmbeddedStack({ dataDir: dataDir.path, postgres: false, broker: false, env });
    // Then
    expect(opened.endpoints).toEqual({ pid: process.pid, temporalAddress: stack.temporalAddress });
  });
});

describe('which broker serves', () => {
  const versionOf = async (url: string | undefined): Promise<string> => {
    const client = await connectAsync(url ?? '');
    onTestFinished(() => client.endAsync(true));
    const topic = stack.uniqueName('broker');
    const answer = new Promise<string>((resolve) => {
      client.on('message', (from, payload) => {
        if (from === '$SYS/broker/version') resolve(payload.toString());
        else if (!payload.toString().startsWith('mosquitto')) resolve('aedes');
      });
    });
    await client.subscribeAsync(['$SYS/broker/version', topic], { qos: 1 });
    // mosquitto answers the first subscription with its retained version before it comes to this one.
    await client.publishAsync(topic, 'delivered', { qos: 1 });
    return answer;
  };

  it('is mosquitto when that is on PATH', async () => {
    // Given
    using dataDir = makeDataDir();
    const env = { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` };
    // When
    await using opened = await openEmbeddedStack({ dataDir: dataDir.path, postgres: false, temporal: false, env });
    // Then
    expect(await versionOf(opened.endpoints.mqttUrl)).toMatch(/^mosquitto version/);
  });

  it('is aedes else', async () => {
    // Given
    using dataDir = makeDataDir();
    // When
    await using opened = await openEmbeddedStack({
      dataDir: dataDir.path,
      postgres: false,
      temporal: false,
      env: { PATH: '/nonexistent' },
    });
    // Then
    expect(await versionOf(opened.endpoints.mqttUrl)).toBe('aedes');
  });
});
