import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';

/** These reject with the system's error, except where nothing is there. */
export async function statIfFile(path: string): Promise<Stats | undefined> {
  const facts = await stat(path).catch(unlessMissing);
  return facts?.isFile() === true ? facts : undefined;
}

export const isFolder = async (path: string): Promise<boolean> => (await stat(path).catch(unlessMissing))?.isDirectory() ?? false;

export const isThere = async (path: string): Promise<boolean> => (await stat(path).catch(unlessMissing)) !== undefined;

export function unlessMissing(cause: unknown): undefined {
  if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR')) return undefined;
  throw cause;
}
