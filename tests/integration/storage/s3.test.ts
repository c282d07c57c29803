import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LocalFile, Storage, StorageCall } from '../../../src/plugins/spec/storage.ts';
import { s3Storage } from '../../../src/plugins/storage/s3/index.ts';
import { createTestContext } from '../../support/plugin-context.ts';
import { openS3Server, S3_BUCKET, S3_SECRETS, type S3Server } from '../../support/s3-server.ts';

const PART_BYTES = 5 << 20;

let server: S3Server;
let client: S3Client;
beforeAll(async () => {
  server = await openS3Server();
  const credentials = { accessKeyId: S3_SECRETS.AWS_ACCESS_KEY_ID, secretAccessKey: S3_SECRETS.AWS_SECRET_ACCESS_KEY };
  client = new S3Client({ endpoint: server.url, region: 'us-east-1', forcePathStyle: true, credentials });
});
afterAll(async () => {
  client.destroy();
  await server[Symbol.asyncDispose]();
});

let folder: string;
let prefix: string;
let tests = 0;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'homesec-s3-'));
  tests += 1;
  prefix = `test-${tests}`;
});
afterEach(() => rm(folder, { recursive: true }));

const openStorage = (more: object = {}, secrets: Record<string, string> = S3_SECRETS): Storage => {
  const config = { bucket: S3_BUCKET, prefix, endpoint: server.url, part_size_bytes: PART_BYTES, ...more };
  return s3Storage.create(s3Storage.configSchema.parse(config), createTestContext({ secrets }));
};

async function localFile(content: string | Buffer): Promise<LocalFile> {
  const path = join(folder, 'clip.mp4');
  await writeFile(path, content);
  return { path, sizeBytes: Buffer.byteLength(content), sha256: createHash('sha256').update(content).digest('hex') };
}

const createCall = (more: Partial<StorageCall> = {}): StorageCall => ({
  signal: new AbortController().signal,
  onProgress: () => undefined,
  ...more,
});

/** A call that ends when so many bytes were sent, and what it noted. */
async function putUntil(file: LocalFile, bytes: number): Promise<{ note: unknown }> {
  const controller = new AbortController();
  const told: { note: unknown } = { note: undefined };
  const onProgress = (done: number) => void (done >= bytes && controller.abort('called off'));
  const saveProgress = (note: unknown) => {
    told.note = note;
  };
  const put = openStorage().put(file, 'clip.mp4', { signal: controller.signal, onProgress, saveProgress });
  await expect(put).rejects.toBe('called off');
  return told;
}

async function sentBytes(file: LocalFile, savedProgress: unknown): Promise<number> {
  let sent = 0;
  const pace = async (bytes: number) => {
    sent += bytes;
  };
  expect(await openStorage().put(file, 'clip.mp4', createCall({ savedProgress, pace }))).toMatchObject({ ok: true });
  return sent;
}

const uploadsLeft = async (): Promise<number> =>
  (await client.send(new ListMultipartUploadsCommand({ Bucket: S3_BUCKET, Prefix: prefix }))).Uploads?.length ?? 0;

describe('an upload in parts that broke off', () => {
  test('sends only what the server does not have, and leaves nothing behind', async () => {
    // Given two of four parts, and some of the third
    const file = await localFile(Buffer.alloc(3 * PART_BYTES + 100, 'x'));
    const { note } = await putUntil(file, 2.5 * PART_BYTES);
    // When
    const sent = await sentBytes(file, note);
    // Then
    expect(sent).toBe(PART_BYTES + 100);
    expect(await uploadsLeft()).toBe(0);
    expect((await readFile(join(server.folder, prefix, 'clip.mp4'))).length).toBe(file.sizeBytes);
  });

  test.each([
    ['whose upload the server has ended', { uploadId: 'no-such-upload' }],
    ['of other bytes', { sha256: 'other' }],
    ['in parts of another size', { partBytes: 6 << 20 }],
  ])('begins anew by a note %s, and ends what is left over', async (_what, change) => {
    // Given
    const file = await localFile(Buffer.alloc(2 * PART_BYTES, 'x'));
    const { note } = await putUntil(file, 1.5 * PART_BYTES);
    // When
    const sent = await sentBytes(file, { ...(note as object), ...change });
    // Then
    expect(sent).toBe(file.sizeBytes);
    expect(await uploadsLeft()).toBe(0);
  });

  test('leaves alone what is uploaded to other keys', async () => {
    // Given
    const other = { Bucket: S3_BUCKET, Key: `${prefix}/clip.mp4.other` };
    await client.send(new CreateMultipartUploadCommand(other));
    const file = await localFile(Buffer.alloc(2 * PART_BYTES, 'x'));
    // When
    await openStorage().put(file, 'clip.mp4', createCall());
    // Then
    expect(await uploadsLeft()).toBe(1);
  });
});

describe('a stored clip', () => {
  test.each([1000, 2 * PART_BYTES])('of %i bytes that changed under way is refused by the server', async (sizeBytes) => {
    // Given a file of which a byte changes after it was looked at
    const file = await localFile(Buffer.alloc(sizeBytes, 'x'));
    const handle = await open(file.path, 'r+');
    const pace = async () => void (await handle.write('changed', sizeBytes - 10));
    // When
    const put = await openStorage().put(file, 'clip.mp4', createCall({ pace }));
    await handle.close();
    // Then
    expect(put).toMatchObject({ ok: false, error: { code: 'STORAGE_UNVERIFIED' } });
    expect(await openStorage().verify('clip.mp4', file, createCall())).toEqual({ ok: true, value: undefined });
  });

  test('that something else has put there is known by its bytes', async () => {
    // Given an object without a hash beside it
    const file = await localFile('the footage');
    await client.send(new PutObjectCommand({ Bucket: S3_BUCKET, Key: `${prefix}/clip.mp4`, Body: 'the footage' }));
    // When
    const same = await openStorage().put(file, 'clip.mp4', createCall());
    const other = await openStorage().verify('clip.mp4', { ...file, sha256: '0'.repeat(64) }, createCall());
    // Then
    expect(same).toMatchObject({ ok: true });
    expect(other).toMatchObject({ ok: false, error: { code: 'STORAGE_CONFLICT' } });
  });

  test('opens by a link that needs no key, as a video; there is none for what is not there', async () => {
    // Given
    const storage = openStorage();
    await storage.put(await localFile('the footage'), 'Haustür/1 2.mp4', createCall());
    // When
    const link = await storage.viewUrl?.('Haustür/1 2.mp4', createCall());
    const none = await storage.viewUrl?.('none', createCall());
    // Then
    const response = await fetch(link?.ok === true ? (link.value ?? '') : '');
    expect(await response.text()).toBe('the footage');
    expect(response.headers.get('content-type')).toBe('video/mp4');
    expect(none).toEqual({ ok: true, value: undefined });
  });
});

describe('a server that refuses', () => {
  test.each([
    ['the key', {}, { ...S3_SECRETS, AWS_SECRET_ACCESS_KEY: 'wrong-secret' }, 'STORAGE_DENIED'],
    ['the bucket', { bucket: 'no-such-bucket' }, S3_SECRETS, 'STORAGE_DENIED'],
    ['to be there', { endpoint: 'http://127.0.0.1:9' }, S3_SECRETS, 'STORAGE_UNREACHABLE'],
    ['nothing, for want of a key', {}, {}, 'SECRET_MISSING'],
  ])('%s', async (_what, config, secrets, code) => {
    // Given
    const storage = openStorage(config, secrets);
    const file = await localFile('the footage');
    // When
    const results = [await storage.put(file, 'clip.mp4', createCall()), await storage.ping()];
    // Then
    for (const result of results) expect(result).toMatchObject({ ok: false, error: { code } });
    expect(JSON.stringify(results)).not.toContain('wrong-secret');
  });

  test.each([
    [503, 'SlowDown', 'STORAGE_RATE_LIMITED', 7000],
    [429, 'TooManyRequests', 'STORAGE_RATE_LIMITED', 7000],
    [507, 'InsufficientStorage', 'STORAGE_FULL', undefined],
    [500, 'InternalError', 'STORAGE_UNREACHABLE', undefined],
  ])('by %i %s', async (status, name, code, retryAfterMs) => {
    // Given a server that answers so
    const refusing = createServer((request, response) => {
      request.resume();
      response.writeHead(status, { 'content-type': 'application/xml', 'retry-after': '7' });
      response.end(`<Error><Code>${name}</Code><Message>no</Message></Error>`);
    });
    const storage = openStorage({ endpoint: await listening(refusing) });
    // When
    const ping = await storage.ping();
    await storage.close();
    refusing.close();
    // Then
    expect(ping).toMatchObject({ ok: false, error: { code } });
    if (!ping.ok) expect(ping.error.retryAfterMs).toBe(retryAfterMs);
  });

  test('by silence ends the attempt, and holds back what is read from the disk', async () => {
    // Given a server that has nothing, and takes none of a part of 64 MB
    let signedHash: unknown;
    const silent = createServer((request, response) => {
      if (request.method === 'HEAD') response.writeHead(404).end();
      else signedHash = request.headers['x-amz-content-sha256'];
    });
    const storage = openStorage({ endpoint: await listening(silent), timeout_s: 2, part_size_bytes: 64 << 20 });
    let readBytes = 0;
    const pace = async (bytes: number) => {
      readBytes += bytes;
    };
    // When
    const file = await localFile(Buffer.alloc(64_000_000));
    const put = await storage.put(file, 'clip.mp4', createCall({ pace }));
    await storage.close();
    silent.closeAllConnections();
    silent.close();
    // Then
    expect(put).toMatchObject({ ok: false, error: { code: 'STORAGE_UNREACHABLE' } });
    expect(readBytes).toBeLessThan(16_000_000);
    // And any server would have had to compare what it took with this.
    expect(signedHash).toBe(file.sha256);
  });
});

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
