import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { workflowIdOf } from '../../src/domain/ids.ts';
import { ok } from '../../src/domain/result.ts';
import { systemClock } from '../../src/kit/clock.ts';
import { localFolderSource } from '../../src/plugins/sources/local-folder/index.ts';
import { durableFiles } from '../../src/spool/durable-files.ts';
import { createHandover } from '../../src/spool/handover.ts';
import { openSpool } from '../../src/spool/spool.ts';
import { killingFiles } from './killing-files.ts';
import { createTestContext } from './plugin-context.ts';
import { valueOf } from './value-of.ts';

/**
 * A whole camera host as a process of its own, for killing: watches a folder, seals, hands over to a stand-in for the workflow
 * service (a folder with one file for each workflow id: starting again finds the first), releases. Ends when all is finished.
 */
export interface ChildTask {
  readonly dir: string;
  readonly take: 'link' | 'copy' | 'in_place';
  /** Files in the watched folder that are to be finished before it ends. */
  readonly fileCount: number;
  /** Kills itself just before the operation of this number on the spool's disk; none for 0. */
  readonly killAtStep: number;
  /** Left out, it hands over as well. */
  readonly recordsOnly?: boolean;
}

const [text = '{}'] = process.argv.slice(2);
// The test that starts this process wrote it.
const task = JSON.parse(text) as ChildTask;
const folders = { watch: join(task.dir, 'watch'), workflows: join(task.dir, 'workflows'), spool: join(task.dir, 'spool') };
const context = createTestContext();
const { logger, lines } = context;
const files = task.killAtStep === 0 ? durableFiles : killingFiles(task.killAtStep);
const options = { dir: folders.spool, clock: systemClock, logger, files, pollIntervalMs: 50 };

await mkdir(folders.workflows, { recursive: true });
const recorder = valueOf(await openSpool({ ...options, role: 'recorder' }));
const host = task.recordsOnly === true ? undefined : await openHost();
const config = localFolderSource.configSchema.parse({
  watch_dir: folders.watch,
  stability_threshold_s: 0.05,
  poll_interval_s: 0.1,
  take: task.take,
});
const source = localFolderSource.create(config, { ...context, cameraName: 'Front Door' });
await source.start(recorder.sink());
let told = 0;
while (!(await isFinished())) {
  for (const { level, message } of lines.slice(told)) process.stdout.write(`${level} ${message}\n`);
  told = lines.length;
  await delay(20);
}
await source.stop();
await host?.handover.stop();
await host?.spool.close();
await recorder.close();

async function openHost() {
  const spool = valueOf(await openSpool({ ...options, role: 'handover' }));
  const handover = createHandover({
    spool,
    logger,
    backoff: { initialMs: 10, maxMs: 50 },
    async startClip(clip) {
      await writeFile(join(folders.workflows, workflowIdOf(clip.clipId)), clip.sha256);
      await spool.release(clip.clipId, { uploaded: true });
      return ok(undefined);
    },
  });
  handover.start();
  return { spool, handover };
}

/** All files stand in the source's list of taken ones, and no clip is open. */
async function isFinished(): Promise<boolean> {
  const [name] = await readdir(join(folders.spool, 'state'));
  if (name === undefined || !name.endsWith('.json')) return false;
  const list: { files: object } = JSON.parse(await readFile(join(folders.spool, 'state', name), 'utf8'));
  return Object.keys(list.files).length === task.fileCount && ((await host?.spool.openIds()) ?? []).length === 0;
}
