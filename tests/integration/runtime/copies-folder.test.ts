import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { openCopiesFolder } from '../../../src/runtime/copies-folder.ts';

let temp: string;
beforeEach(async () => {
  temp = await mkdtemp(join(tmpdir(), 'homesec-copies-'));
});
afterEach(() => rm(temp, { recursive: true, force: true }));

const open = () => openCopiesFolder({ folders: { data: temp, spool: temp, models: temp, temp, state: temp } });

/** A worker that has a copy of a clip, until it is killed. */
async function startWorker() {
  const script = fileURLToPath(new URL('../../support/copying-child.ts', import.meta.url));
  const child = spawn(process.execPath, [script, temp], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(kill);
  const [copy] = await once(child.stdout, 'data');
  return { copy: String(copy), kill };
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

it('removes what a killed worker has left, and nothing of one that lives', async () => {
  // Given two workers with a copy each, of which one is killed
  const [killed, living] = [await startWorker(), await startWorker()];
  await killed.kill();
  // When the next starts
  const folder = await open();
  // Then
  expect([await isThere(killed.copy), await isThere(living.copy), await isThere(folder.dir)]).toEqual([false, true, true]);
  await folder[Symbol.asyncDispose]();
});

it('leaves nothing behind', async () => {
  // Given
  const folder = await open();
  // When
  await folder[Symbol.asyncDispose]();
  // Then
  expect(await readdir(join(temp, 'copies'))).toEqual([]);
});
