/**
 * Text of somebody else's making, fit for a history and for Postgres' jsonb: no control characters but line feed and tab (jsonb
 * refuses NUL), no half surrogate pairs (it refuses those too), no blank ends, at most `maxChars` UTF-16 units.
 */
export function cleanText(text: string, maxChars: number): string {
  // A megabyte of control characters before the first word is not worth the search.
  const printable = text
    .slice(0, 4 * maxChars)
    .replaceAll(/(?![\n\t])\p{Cc}/gu, '')
    .trim();
  return (printable.length <= maxChars ? printable : `${printable.slice(0, maxChars - 1)}…`).toWellFormed();
}
