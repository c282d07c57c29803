import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { Secret } from '../domain/secret.ts';

/** A key by which payloads are encrypted. Its id, which stands beside each, is made of the key itself and does not give it away. */
export interface EncryptionKey {
  readonly id: string;
  readonly bytes: Buffer;
}

const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const ENCODING = 'binary/encrypted';
const CIPHER = 'aes-256-gcm';

/** @returns undefined when it is not 32 bytes in base64. */
export function parseEncryptionKey(text: Secret): EncryptionKey | undefined {
  const bytes = Buffer.from(text.reveal(), 'base64');
  if (bytes.length !== KEY_BYTES) return undefined;
  return { id: createHash('sha256').update('homesec payload key').update(bytes).digest('hex').slice(0, 8), bytes };
}

/** The id of the key that a payload needs; undefined when it is not encrypted. */
export function keyIdOf({ metadata }: Payload): string | undefined {
  if (metadata?.['encoding'] === undefined || textOf(metadata['encoding']) !== ENCODING) return undefined;
  return textOf(metadata['encryption-key-id']);
}

/**
 * Encrypts whole payloads with AES-256-GCM, by the first key; the others only decrypt. What was written before encryption was
 * switched on is read as it is. Metadata as in Temporal's own samples; the data is IV, cipher text, tag.
 */
export function createEncryptionCodec(keys: readonly [EncryptionKey, ...EncryptionKey[]]): PayloadCodec {
  const byId = new Map(keys.map((key) => [key.id, key]));
  return {
    encode: async (payloads) => payloads.map((payload) => encrypt(payload, keys[0])),
    decode: async (payloads) =>
      payloads.map((payload) => {
        const id = keyIdOf(payload);
        if (id === undefined) return payload;
        const key = byId.get(id);
        if (key === undefined) throw new Error(`a payload is encrypted with key ${id}, which is not in temporal.encryption.keys`);
        return decrypt(payload, key);
      }),
  };
}

/** For clients and workers. Messages and stacks of failures are encrypted too. */
export const encryptingConverter = (codec: PayloadCodec): DataConverter => ({
  payloadCodecs: [codec],
  failureConverterPath: FAILURE_CONVERTER_PATH,
});

/** For clients and workers that read what is encrypted, and write plain text. */
export const decryptingConverter = (codec: PayloadCodec): DataConverter => ({
  payloadCodecs: [{ encode: async (payloads) => payloads, decode: codec.decode }],
});

/** What the bundle of the workflows needs as well where payloads are encrypted. */
export const FAILURE_CONVERTER_PATH = fileURLToPath(new URL('failure-converter.ts', import.meta.url));
const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

function encrypt(payload: Payload, { id, bytes }: EncryptionKey): Payload {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, bytes, iv);
  const sealed = [cipher.update(PayloadMessage.encode(payload).finish()), cipher.final(), cipher.getAuthTag()];
  const metadata = { encoding: ENCODING, 'encryption-cipher': CIPHER, 'encryption-key-id': id };
  return {
    metadata: Object.fromEntries(Object.entries(metadata).map(([name, text]) => [name, Buffer.from(text)])),
    data: Buffer.concat([iv, ...sealed]),
  };
}

function decrypt({ data }: Payload, { id, bytes }: EncryptionKey): Payload {
  try {
    const sealed = Buffer.from(data ?? []);
    const decipher = createDecipheriv(CIPHER, bytes, sealed.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const opened = [decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()];
    return PayloadMessage.decode(Buffer.concat(opened));
  } catch (cause) {
    throw new Error(`a payload that key ${id} encrypted is damaged`, { cause });
  }
}

const textOf = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString();
