import type { ConfigIssue, ConfigPath } from './issue.ts';
import { listOf } from './plugin-uses.ts';
import { isMapping } from './yaml-file.ts';

/** Names of cameras and of channels that cannot be told apart. */
export function findSharedNames(root: Readonly<Record<string, unknown>>): ConfigIssue[] {
  return [...sharedNames(root['cameras'], 'cameras'), ...sharedNames(root['notifiers'], 'notifiers')];
}

/**
 * `Front Door`, `front-door` and `front_door` become the same word in topics and file names, so they count as one. Letters
 * of any script count as letters.
 */
export const nameForm = (name: string): string =>
  name
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .replaceAll(/^-+|-+$/g, '');

function sharedNames(section: unknown, sectionName: string): ConfigIssue[] {
  const seen = new Map<string, { readonly index: number; readonly name: string }>();
  return listOf(section).flatMap((entry, index) => {
    if (!isMapping(entry) || typeof entry['name'] !== 'string') return [];
    const name = entry['name'].trim();
    const first = seen.get(nameForm(name));
    seen.set(nameForm(name), first ?? { index, name });
    return first === undefined
      ? []
      : [sharedName([sectionName, index, 'name'], first.name === name, `${sectionName}[${first.index}]`)];
  });
}

function sharedName(path: ConfigPath, isSame: boolean, other: string): ConfigIssue {
  const what = isSame ? `${other} has the same name` : `differs from the name of ${other} only in case or punctuation`;
  return { code: 'CONFIG_NAME_NOT_UNIQUE', path, what, fix: 'give each its own name' };
}
