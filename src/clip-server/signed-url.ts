import { createHmac, timingSafeEqual } from 'node:crypto';
import { type ClipId, isClipId } from '../domain/ids.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { Secret } from '../domain/secret.ts';

/** For how long a link may be used to begin a transfer. Covers clocks that differ by a little. */
const LIFETIME_MS = 120_000;
const CLIP_PATH = /^\/clips\/([^/?]+)$/;

/**
 * A link to a clip's bytes on the host that recorded it, good for two minutes:
 * `<base>/clips/<clip id>?expires=<Unix seconds>&signature=<hex HMAC-SHA256 over "GET", path and expiry, a line each>`.
 * @param baseUrl as the host says it; a path before `/clips` is a proxy's and not signed.
 */
export function signClipUrl(baseUrl: string, clipId: ClipId, secret: Secret, nowMs: number): string {
  const path = `/clips/${clipId}`;
  const expires = String(Math.ceil((nowMs + LIFETIME_MS) / 1000));
  const signature = signatureOf(path, expires, secret).toString('hex');
  return `${baseUrl.replace(/\/+$/, '')}${path}?expires=${expires}&signature=${signature}`;
}

/** `unknown_path`: nothing is ever served there. `denied`: not signed with this secret, or no longer good. */
export type LinkProblem = 'unknown_path' | 'denied';

/** Which clip a request may have. @param target path and query, as the request line has them. */
export function verifyClipUrl(target: string, secret: Secret, nowMs: number): Result<ClipId, LinkProblem> {
  const [path = '', query = ''] = target.split('?', 2);
  const clipId = CLIP_PATH.exec(path)?.[1] ?? '';
  if (!isClipId(clipId)) return err('unknown_path');
  const parameters = new URLSearchParams(query);
  const expires = parameters.get('expires') ?? '';
  const given = Buffer.from(parameters.get('signature') ?? '', 'hex');
  const wanted = signatureOf(path, expires, secret);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return err('denied');
  return Number(expires) * 1000 > nowMs ? ok(clipId) : err('denied');
}

const signatureOf = (path: string, expires: string, secret: Secret): Buffer =>
  createHmac('sha256', secret.reveal()).update(`GET\n${path}\n${expires}`).digest();
