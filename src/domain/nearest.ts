/** The candidate that a mistyped word most likely meant, undefined when none is near. Case, `-` and `_` do not count. */
export function nearestTo(word: string, candidates: readonly string[]): string | undefined {
  const wanted = plain(word);
  const near = candidates
    .map((candidate) => ({ candidate, distance: editDistance(wanted, plain(candidate)) }))
    .filter(({ candidate, distance }) => distance <= Math.ceil(candidate.length / 3))
    .toSorted((a, b) => a.distance - b.distance);
  return near[0]?.candidate;
}

const plain = (word: string): string => word.toLowerCase().replaceAll(/[-_ ]/g, '');

/** Levenshtein distance, one row of the dynamic programme at a time (Wagner and Fischer, 1974). */
function editDistance(a: string, b: string): number {
  let distance = b.length;
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const letter of a) {
    let corner = Number.POSITIVE_INFINITY;
    distance = Number.POSITIVE_INFINITY;
    row = row.map((above, column) => {
      const replaced = corner + (letter === b[column - 1] ? 0 : 1);
      corner = above;
      distance = Math.min(replaced, above + 1, distance + 1);
      return distance;
    });
  }
  return distance;
}
