import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';

export const configSchema = z.strictObject({
  root: z
    .string()
    .trim()
    .min(1)
    .default('./storage')
    .describe('Folder that holds everything stored; a disk, or a mounted network share. `~` is the home folder.'),
});

export type LocalConfig = z.output<typeof configSchema>;

/** The configured root with its home folder filled in. It may be relative. */
export function rootOf({ root }: LocalConfig): string {
  return root === '~' || root.startsWith('~/') ? join(homedir(), root.slice(1)) : root;
}

/** The configured root as an absolute path. */
export const resolveRoot = (config: LocalConfig): string => resolve(rootOf(config));
