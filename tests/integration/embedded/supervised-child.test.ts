import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SupervisedChild } from '../../../src/embedded/supervised-child.ts';
import { identifyProcess } from '../../../src/kit/process-identity.ts';

it('a child that cannot be noted on disk runs all the same, and is ended when it is closed', async () => {
  // Given a place for its note that cannot be written, as on a full disk
  const folder = await mkdtemp(join(tmpdir(), 'homesec-child-'));
  const told: string[] = [];
  // When
  const child = await SupervisedChild.open({
    name: 'sleeper',
    command: process.execPath,
    args: ['-e', 'setInterval(() => {}, 1000)'],
    pidFile: join(folder, 'missing', 'sleeper.pid'),
    logFile: join(folder, 'sleeper.log'),
    stopSignal: 'SIGTERM',
    isReady: () => Promise.resolve(true),
    onProgress: (message) => told.push(message),
  });
  const pid = child.pid ?? 0;
  const whileOpen = identifyProcess(pid);
  await child.close();
  // Then
  expect(told).toEqual([expect.stringMatching(/^runs, but cannot be noted: ENOENT/)]);
  expect(whileOpen).toBeDefined();
  expect(identifyProcess(pid)).toBeUndefined();
  await rm(folder, { recursive: true });
});
