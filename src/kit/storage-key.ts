/**
 * Why a key does not name a file below a root, or undefined when it does: a relative path with `/`, each segment a name.
 * What could lead out of the root on any system is refused.
 */
export function keyProblem(key: string): string | undefined {
  if (key === '') return 'is empty';
  if (key.startsWith('/')) return 'is absolute';
  if (key.includes('\\')) return 'has a backslash';
  if (/\p{Cc}/u.test(key)) return 'has a control character';
  if (!key.isWellFormed()) return 'is not valid Unicode';
  const isOdd = key.split('/').some((segment) => segment === '' || segment === '.' || segment === '..');
  return isOdd ? 'has an empty or dot segment' : undefined;
}
