import { err, ok, type Result } from '../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../domain/stage-error.ts';
import { cleanText } from './clean-text.ts';
import { readRetryAfterMs } from './retry-after.ts';
import { reasonOf } from './thrown-reason.ts';
import { redactSecrets, withoutSecrets } from './without-secrets.ts';

/** Enough of an answer to see what a server dislikes. */
const EXCERPT_BYTES = 2000;
const EXCERPT_CHARS = 200;

/** Below 500, what is worth another try: the server was in a hurry, or has had enough for now. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 425, 429]);

/** One request of a channel. */
export interface HttpDelivery {
  /** The other side, for messages. Not its URL: paths and queries can be secrets. */
  readonly to: string;
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** From the first packet to the last of the answer. */
  readonly timeoutMs: number;
  /** What must not come back in an error. */
  readonly secrets: readonly string[];
}

/**
 * Sends once, follows no redirect, and says by the code of the failure whether it is worth a repeat.
 * Rejects with the signal's reason when aborted.
 */
export async function deliver(delivery: HttpDelivery, signal: AbortSignal): Promise<Result<void, PluginFailure>> {
  signal.throwIfAborted();
  const { to, url, method, headers, body, timeoutMs, secrets } = delivery;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const request = { method, headers, redirect: 'manual', ...(body === undefined ? {} : { body: asBody(body) }) } as const;
    const response = await fetch(url, { ...request, signal: AbortSignal.any([signal, timeout]) });
    if (!response.ok) {
      const said = await readExcerpt(response, secrets);
      signal.throwIfAborted();
      return err(statusFailure(to, response, said));
    }
    // Confirmed: a body that never ends, or breaks off, is no reason to send it again.
    await response.body?.cancel().catch(() => undefined);
    return ok(undefined);
  } catch (thrown) {
    signal.throwIfAborted();
    if (timeout.aborted) return err(pluginFailure('NOTIFY_TIMED_OUT', `${to} did not answer within ${timeoutMs / 1000} s`));
    // fetch keeps what the network said in the cause; without one it is the request that was wrong.
    if (!(thrown instanceof TypeError) || thrown.cause === undefined) throw thrown;
    const reason = `${to} cannot be reached: ${reasonOf(thrown.cause)}`;
    return err(withoutSecrets(pluginFailure('NOTIFY_UNREACHABLE', reason, thrown), secrets));
  }
}

/** What a status other than 2xx means. A redirect is refused like an error: it would take the alert, and its secrets, elsewhere. */
export function statusFailure(
  to: string,
  { status, headers }: Pick<Response, 'status' | 'headers'>,
  said: string,
): PluginFailure {
  const message = `${to} answered ${status}${said === '' ? '' : `: ${said}`}`;
  if (status < 500 && !PASSING_STATUSES.has(status)) return pluginFailure('NOTIFY_REJECTED', message);
  return pluginFailure('NOTIFY_UNREACHABLE', message, undefined, readRetryAfterMs(headers, Date.now()));
}

/** A body of one's own memory: typed arrays may lie in memory that is shared, which fetch does not take. */
const asBody = (body: string | Uint8Array): string | Uint8Array<ArrayBuffer> =>
  typeof body === 'string' ? body : new Uint8Array(body);

/** The beginning of the answer; the rest is let go of. The status counts, however the body ends. */
async function readExcerpt(response: Response, secrets: readonly string[]): Promise<string> {
  const bytes: number[] = [];
  const body: AsyncIterable<Uint8Array> | null = response.body;
  try {
    for await (const chunk of body ?? []) {
      bytes.push(...chunk.subarray(0, EXCERPT_BYTES - bytes.length));
      if (bytes.length >= EXCERPT_BYTES) break;
    }
  } catch {
    // What has come is all there is.
  }
  return cleanText(redactSecrets(new TextDecoder().decode(Uint8Array.from(bytes)), secrets), EXCERPT_CHARS);
}
