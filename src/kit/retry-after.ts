/** Asking again once an hour harms nobody, whatever a server asks for. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** `Retry-After` (RFC 9110, 10.2.3) in seconds or as a date, or the finer `retry-after-ms` that some servers send. */
export function readRetryAfterMs(headers: Pick<Headers, 'get'> | undefined, nowMs: number): number | undefined {
  const milliseconds = headers?.get('retry-after-ms');
  const value = headers?.get('retry-after');
  const waitMs = [
    toNumber(milliseconds),
    toNumber(value) * 1000,
    // Only what has letters: `Date.parse` takes `-5` for a month.
    /[a-z]/i.test(value ?? '') ? Date.parse(value ?? '') - nowMs : Number.NaN,
  ].find(Number.isFinite);
  return waitMs === undefined ? undefined : Math.min(Math.max(Math.ceil(waitMs), 0), MAX_RETRY_AFTER_MS);
}

const toNumber = (text: string | null | undefined): number =>
  /^\d+(\.\d+)?$/.test(text?.trim() ?? '') ? Number(text) : Number.NaN;
