/**
 * A value as JSON that `jsonb` takes. Postgres stores no NUL character and no half of a surrogate pair, and refuses the
 * whole value for one of them; here each becomes U+FFFD. They come from camera names, models and other people's errors.
 */
export function toJsonText(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member === 'string') return storableText(member);
    return isPlainRecord(member) && Object.keys(member).some(isUnstorable) ? withStorableKeys(member) : member;
  });
}

/** The text with U+FFFD for what Postgres cannot store. */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}

const isUnstorable = (text: string): boolean => storableText(text) !== text;

const isPlainRecord = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);

const withStorableKeys = (record: object): object =>
  Object.fromEntries(Object.entries(record).map(([key, member]) => [storableText(key), member]));
