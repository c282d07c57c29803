/** Of an address; shorter parts are words such as `api`. */
const SHORTEST_SECRET = 6;

/** `Bearer`, or what else stands before the first blank, is none. */
export const secretsOfHeader = (value: string): string[] => [value, ...value.split(/\s+/).slice(1)];

/** What follows the host may be what lets us in, and a server that does not know it quotes all or a part of it. */
export function secretsOfUrl({ pathname, search, searchParams }: URL): string[] {
  const parts = [...pathname.split('/'), ...searchParams.values()].filter(({ length }) => length >= SHORTEST_SECRET);
  const decoded = parts.map(decodeOr);
  return [`${pathname}${search}`, pathname, search, ...parts, ...decoded].filter((text) => text !== '/');
}

/** A stray `%` is meant as one. */
function decodeOr(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
