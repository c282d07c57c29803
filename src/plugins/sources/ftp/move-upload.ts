import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, parse } from 'node:path';
import { beginsWith } from './begins-with.ts';
import { isThere, unlessMissing } from './file-facts.ts';

/**
 * Moves a file to where finished uploads lie, and forces that to disk: under its own name, or one made from it where that is taken.
 * An earlier upload of the same name goes only if all its bytes are the beginning of the new one: it had been cut off, and was sent
 * again. Where there are no others, it is the new one that goes, for the earlier may be being sealed just now.
 */
export async function moveUpload(partial: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const isTaken = await isThere(target);
  const isSentAgain = isTaken && (await beginsWith(partial, target));
  if (isSentAgain && (await sizeOf(target)) === (await sizeOf(partial))) return rm(partial);
  await rename(partial, isTaken ? await freeName(target) : target);
  if (isSentAgain) await rm(target, { force: true });
  await using folder = await open(dirname(target), 'r');
  await folder.sync();
}

/** undefined for a file that was taken meanwhile. */
const sizeOf = async (path: string): Promise<number | undefined> => (await stat(path).catch(unlessMissing))?.size;

async function freeName(path: string): Promise<string> {
  const { dir, name, ext } = parse(path);
  for (let number = 2; ; number += 1) {
    const free = join(dir, `${name}-${number}${ext}`);
    if (!(await isThere(free))) return free;
  }
}
