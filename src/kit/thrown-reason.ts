/** What was thrown, in words. With several addresses for one name Node's error has an empty message; its code says enough. */
export function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  if ('code' in thrown && typeof thrown.code === 'string' && !thrown.message.includes(thrown.code)) {
    return `${thrown.code} ${thrown.message}`.trim();
  }
  return thrown.message;
}
