/** A place below a camera's root, as the names on the way there. */
export type VirtualPath = readonly string[];

const LONGEST_NAME_BYTES = 200;
const DEEPEST = 32;

/**
 * What a camera means by a path. `..` stops at the root; `\` separates as well, as some cameras write it.
 * @returns undefined for a name that no disk should see: with control characters, or too long.
 */
export function resolvePath(cwd: VirtualPath, argument: string): VirtualPath | undefined {
  const text = argument.replaceAll('\\', '/');
  const path: string[] = text.startsWith('/') ? [] : [...cwd];
  for (const name of text.split('/')) {
    if (name === '' || name === '.') continue;
    if (name === '..') path.pop();
    else if (isUsable(name)) path.push(name);
    else return undefined;
  }
  return path.length > DEEPEST ? undefined : path;
}

const isUsable = (name: string): boolean => !/\p{Cc}/u.test(name) && Buffer.byteLength(name) <= LONGEST_NAME_BYTES;

export const formatPath = (path: VirtualPath): string => `/${path.join('/')}`;

/** In double quotes, as RFC 959 wants folders to be named. */
export const quotedPath = (path: VirtualPath): string => `"${formatPath(path).replaceAll('"', '""')}"`;
