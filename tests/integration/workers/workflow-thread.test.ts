import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { REPOSITORY } from '../../support/run-tool.ts';

const PRELOAD = pathToFileURL(join(REPOSITORY, 'workers', 'workflow-thread.ts')).href;

// Both wait most of the time, so they do it at once.

/** A process with the preload, whose thread calls into a sandbox as the SDK's thread calls into a workflow. */
function runThread(calls: string) {
  const inThread = `
    import vm from 'node:vm';
    const sandbox = vm.createContext({});
    const call = (code) => new vm.Script(code).runInContext(sandbox, { timeout: 5_000 });
    ${calls}`;
  const main = `
    import { Worker } from 'node:worker_threads';
    new Worker(new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(inThread)})));`;
  return promisify(execFile)(process.execPath, ['--import', PRELOAD, '--input-type=module', '--eval', main]);
}

it.concurrent('a workflow that never lets go of its thread ends the worker, which says why', async () => {
  // Given a workflow without an end
  const run = runThread(`call('for (;;) {}');`);
  // When
  const failed: unknown = await run.catch((cause: unknown) => cause);
  // Then
  expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('a workflow does not let go of its thread') });
});

it.concurrent('calls that end do not end the worker, whatever they throw and however long the thread lives', async () => {
  // Given a thread that outlives the watch's patience, between calls that work and calls that throw
  const calls = `
    const until = Date.now() + 12_000;
    const turn = () => {
      try { call('throw new Error("expected")'); } catch {}
      if (Date.now() < until) setTimeout(turn, 20); else console.log(call('40 + 2'));
    };
    turn();`;
  // When
  const { stdout } = await runThread(calls);
  // Then
  expect(stdout).toBe('42\n');
});
