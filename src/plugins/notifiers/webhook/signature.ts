import { createHmac } from 'node:crypto';
import { err, ok, type Result } from '../../../domain/result.ts';

/** What a receiver checks a message by. */
export interface SignedMessage {
  /** Of one alert in one revision; a repeat has the same. Without full stops. */
  readonly id: string;
  /** In seconds since 1970. Who receives it refuses what is too old, so that a message overheard is worth nothing later. */
  readonly sentAtS: number;
  readonly body: Uint8Array;
}

const PREFIX = 'whsec_';
const KEY_BYTES = { min: 24, max: 64 };

/** A key as it is written, `whsec_` and base64. The error says what is wrong, and nothing of the key. */
export function parseSigningKey(text: string): Result<Uint8Array, string> {
  const encoded = text.slice(PREFIX.length);
  if (!text.startsWith(PREFIX) || !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return err('is not of the form whsec_<base64>');
  const key = Buffer.from(encoded, 'base64');
  return key.length >= KEY_BYTES.min && key.length <= KEY_BYTES.max ? ok(key) : err('is not a key of 24 to 64 bytes');
}

/** The three headers of Standard Webhooks 1.0 (standardwebhooks.com), for whose check there are libraries in most languages. */
export function signatureHeaders({ id, sentAtS, body }: SignedMessage, key: Uint8Array): Record<string, string> {
  const signature = createHmac('sha256', key).update(`${id}.${sentAtS}.`).update(body).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(sentAtS), 'webhook-signature': `v1,${signature}` };
}
