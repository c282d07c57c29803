import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { causesOf } from '../../domain/stage-error.ts';
import { probe } from '../../media/probe.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-codes.ts';

const run = promisify(execFile);

/** Pedestrians seen from above, 80 s; OpenCV's own test video, part of Debian's package `opencv-doc` (Apache-2.0). */
const PACKAGE = 'opencv-doc';
const FILE = './usr/share/doc/opencv-doc/examples/data/vtest.avi';

/**
 * The video that the demo shows: the owner's own, else OpenCV's pedestrians, fetched once from Debian's archive without
 * installing anything. Exit code 1 with what to do when neither is to be had.
 */
export async function demoFootage(own: string | undefined, cacheDir: string, tell: (line: string) => void): Promise<string> {
  if (own !== undefined) return ownFootage(own);
  const cached = join(cacheDir, 'vtest.avi');
  if (await exists(cached)) return cached;
  tell(`fetching Debian's package ${PACKAGE}, 96 MB, this once`);
  await mkdir(cacheDir, { recursive: true });
  const folder = await mkdtemp(join(cacheDir, 'fetch-'));
  try {
    await fetchFromDebian(folder);
    await rename(join(folder, FILE), cached);
    return cached;
  } catch (cause) {
    const why = causesOf(cause)[0]?.message.split('\n')[0] ?? 'unknown reason';
    throw new CliError(
      `There is no footage to show: Debian's package ${PACKAGE} could not be fetched (${why}).\nShow a video of your own with people in it: make demo CLIP=path/to/video.mp4`,
      EXIT.failed,
      { cause },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function ownFootage(path: string): Promise<string> {
  const absolute = resolve(path);
  if (!(await exists(absolute))) throw new CliError(`CLIP: there is no file ${absolute}. Give the path of a video.`, EXIT.failed);
  const facts = await probe(absolute);
  if (!facts.ok) throw new CliError(`CLIP: ${facts.error.message}. Give the path of a video.`, EXIT.failed);
  return absolute;
}

/** apt checks the package against the signed index of the archive. */
async function fetchFromDebian(folder: string): Promise<void> {
  const download = () => run('apt-get', ['download', PACKAGE], { cwd: folder });
  // A fresh machine has no index yet; only root may fetch one.
  await download().catch(async () => {
    await run('apt-get', ['update']);
    await download();
  });
  await run('sh', ['-c', `dpkg-deb --fsys-tarfile ${PACKAGE}_*.deb | tar -x ${FILE}`], { cwd: folder });
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
