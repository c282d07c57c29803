import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { UsedFolder } from '../plugins/spec/plugin.ts';
import type { ParsedUse } from './check-plugins.ts';
import { type ConfigIssue, type ConfigPath, formatPath } from './issue.ts';

/** HomeSec's own folders. */
export interface OwnFolders {
  readonly dataDir: string;
  readonly spoolDir: string | undefined;
}

interface Folder {
  readonly path: ConfigPath;
  readonly use: UsedFolder['use'] | 'data' | 'spool';
  readonly folder: string;
}

/**
 * Folders that overlap: a clip stored in a watched folder would be taken for a new recording, again and again. Compared by
 * real path, so links count; one inside another overlaps. Disabled cameras and channels use no folder.
 * @param base what relative paths start from.
 */
export async function findOverlaps(parsed: readonly ParsedUse[], own: OwnFolders, base: string): Promise<ConfigIssue[]> {
  const plugins = parsed.filter(({ use }) => use.enabled).flatMap(foldersOf);
  const spool: Folder[] = own.spoolDir === undefined ? [] : [{ path: ['spool', 'dir'], use: 'spool', folder: own.spoolDir }];
  const written: Folder[] = [{ path: ['data_dir'], use: 'data', folder: own.dataDir }, ...spool, ...plugins];
  const homes = written.filter(({ folder }) => startsAtHome(folder)).map(homeNotExpanded);
  const folders = await Promise.all(
    written.map(async (entry) => ({ ...entry, folder: await realFolder(resolve(base, entry.folder)) })),
  );
  const overlaps = folders.flatMap((second, index) =>
    folders
      .slice(0, index)
      .flatMap((first) =>
        mayNotShare(first, second) && overlap(first.folder, second.folder) ? [overlapIssue(first, second)] : [],
      ),
  );
  return [...homes, ...overlaps];
}

function foldersOf({ use, plugin, config }: ParsedUse): Folder[] {
  const folders = plugin.folders?.(config) ?? [];
  return folders.map((folder) => ({ ...folder, path: [...use.path, 'config', ...folder.path] }));
}

/** A spool below the data folder is the default. */
const mayNotShare = (first: Folder, second: Folder): boolean => !(first.use === 'data' && second.use === 'spool');

const overlap = (a: string, b: string): boolean => a === b || isInside(a, b) || isInside(b, a);
const isInside = (inner: string, outer: string): boolean => inner.startsWith(outer.endsWith(sep) ? outer : outer + sep);

const startsAtHome = (folder: string): boolean => folder === '~' || folder.startsWith('~/');

const homeNotExpanded = ({ path }: Folder): ConfigIssue => ({
  code: 'CONFIG_VALIDATION_FAILED',
  path,
  what: '`~` does not stand for a home folder here',
  fix: 'write the whole path',
});

const overlapIssue = (first: Folder, second: Folder): ConfigIssue => ({
  code: 'CONFIG_FOLDERS_OVERLAP',
  path: second.path,
  what: `overlaps the folder of ${formatPath(first.path)}`,
  fix: 'use folders of which none lies in another',
});

/** The real path of a folder that may not exist yet: links above it are followed. */
async function realFolder(folder: string): Promise<string> {
  try {
    return await realpath(folder);
  } catch {
    const parent = dirname(folder);
    return parent === folder ? folder : join(await realFolder(parent), basename(folder));
  }
}
