import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { request as ask, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LocalFile, Storage } from '../../../src/plugins/spec/storage.ts';
import { s3Storage } from '../../../src/plugins/storage/s3/index.ts';
import { createTestContext } from '../../support/plugin-context.ts';
import { openS3Server, S3_BUCKET, S3_SECRETS, type S3Server } from '../../support/s3-server.ts';
import { createCall, writeLocalFile } from '../../support/storage-calls.ts';

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

const openStorage = (more: object = {}, secrets: Record<string, string> = S3_SECRETS): Promise<Storage> => {
  const config = { bucket: S3_BUCKET, prefix, endpoint: server.url, part_size_bytes: PART_BYTES, ...more };
  return s3Storage.create(s3Storage.configSchema.parse(config), createTestContext({ secrets }));
};

const localFile = (content: string | Buffer) => writeLocalFile(join(folder, 'clip.mp4'), content);

/** A call that ends when so many bytes were sent, and what it noted. */
async function putUntil(file: LocalFile, bytes: number): Promise<{ note: unknown }> {
  const controller = new AbortController();
  const told: { note: unknown } = { note: undefined };
  const onProgress = (done: number) => void (done >= bytes && controller.abort('called off'));
  const saveProgress = (note: unknown) => {
    told.note = note;
  };
  const put = (await openStorage()).put(file, 'clip.mp4', { signal: controller.signal, onProgress, saveProgress });
  await expect(put).rejects.toBe('called off');
  return told;
}

async function sentBytes(file: LocalFile, savedProgress: unknown): Promise<number> {
  let sent = 0;
  const pace = async (bytes: number) => {
    sent += bytes;
  };
  expect(await (await openStorage()).put(file, 'clip.mp4', createCall({ savedProgress, pace }))).toMatchObject({ ok: true });
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

  test('is ended also when the clip is there already', async () => {
    // Given a clip of which the answer was lost, and an upload of an attempt before that
    const file = await localFile(Buffer.alloc(2 * PART_BYTES, 'x'));
    await (await openStorage()).put(file, 'clip.mp4', createCall());
    await client.send(new CreateMultipartUploadCommand({ Bucket: S3_BUCKET, Key: `${prefix}/clip.mp4` }));
    // When
    const put = await (await openStorage()).put(file, 'clip.mp4', createCall());
    // Then
    expect(put).toMatchObject({ ok: true });
    expect(await uploadsLeft()).toBe(0);
  });

  test('does not fail the clip when it cannot be ended', async () => {
    // Given a key that may not list uploads
    await using door = await openDoor((request, response) => {
      const lists = request.method === 'GET' && request.url?.includes('uploads') === true;
      if (lists) response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>');
      return lists;
    });
    const file = await localFile(Buffer.alloc(2 * PART_BYTES, 'x'));
    // When
    const put = await (await openStorage({ endpoint: door.url })).put(file, 'clip.mp4', createCall());
    // Then
    expect(put).toMatchObject({ ok: true });
  });

  test('because another attempt was faster is done as well', async () => {
    // Given an attempt that is overtaken in its second part
    const file = await localFile(Buffer.alloc(2 * PART_BYTES, 'x'));
    const faster = await openStorage();
    await using door = await openDoor((request, response) => {
      if (request.url?.includes('partNumber=2') !== true) return false;
      request.resume();
      const overtaking = faster.put(file, 'clip.mp4', createCall());
      void overtaking.then(() => response.writeHead(404).end('<Error><Code>NoSuchUpload</Code></Error>'));
      return true;
    });
    // When
    const put = await (await openStorage({ endpoint: door.url })).put(file, 'clip.mp4', createCall());
    // Then
    expect(put).toMatchObject({ ok: true });
  });

  test('because the server has ended it is worth another attempt', async () => {
    // Given a rule of the bucket that ends it after its first part
    const file = await localFile(Buffer.alloc(2 * PART_BYTES, 'x'));
    const told: { note: unknown } = { note: undefined };
    const saveProgress = (note: unknown) => {
      told.note = note;
    };
    let isEnded = false;
    const pace = async () => {
      if (isEnded) return;
      isEnded = true;
      const { uploadId } = told.note as { uploadId: string };
      await client.send(new AbortMultipartUploadCommand({ Bucket: S3_BUCKET, Key: `${prefix}/clip.mp4`, UploadId: uploadId }));
    };
    // When
    const ended = await (await openStorage()).put(file, 'clip.mp4', createCall({ pace, saveProgress }));
    const again = await (await openStorage()).put(file, 'clip.mp4', createCall({ savedProgress: told.note }));
    // Then
    expect(ended).toMatchObject({ ok: false, error: { code: 'STORAGE_UNREACHABLE' } });
    expect(again).toMatchObject({ ok: true });
  });

  test('leaves alone what is uploaded to other keys', async () => {
    // Given
    const other = { Bucket: S3_BUCKET, Key: `${prefix}/clip.mp4.other` };
    await client.send(new CreateMultipartUploadCommand(other));
    const file = await localFile(Buffer.alloc(2 * PART_BYTES, 'x'));
    // When
    await (await openStorage()).put(file, 'clip.mp4', createCall());
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
    const put = await (await openStorage()).put(file, 'clip.mp4', createCall({ pace }));
    await handle.close();
    // Then
    expect(put).toMatchObject({ ok: false, error: { code: 'STORAGE_UNVERIFIED' } });
    expect(await (await openStorage()).verify('clip.mp4', file, createCall())).toEqual({ ok: true, value: undefined });
  });

  test('that something else has put there is known by its bytes', async () => {
    // Given an object without a hash beside it
    const file = await localFile('the footage');
    await client.send(new PutObjectCommand({ Bucket: S3_BUCKET, Key: `${prefix}/clip.mp4`, Body: 'the footage' }));
    // When
    const same = await (await openStorage()).put(file, 'clip.mp4', createCall());
    const other = await (await openStorage()).verify('clip.mp4', { ...file, sha256: '0'.repeat(64) }, createCall());
    // Then
    expect(same).toMatchObject({ ok: true });
    expect(other).toMatchObject({ ok: false, error: { code: 'STORAGE_CONFLICT' } });
  });

  test('opens by a link that needs no key, as a video; there is none for what is not there', async () => {
    // Given
    const storage = await openStorage();
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
    const storage = await openStorage(config, secrets);
    const file = await localFile('the footage');
    // When
    const results = [await storage.put(file, 'clip.mp4', createCall()), await storage.ping()];
    // Then
    for (const result of results) expect(result).toMatchObject({ ok: false, error: { code } });
    expect(JSON.stringify(results)).not.toMatch(/wrong-secret|answered \d+ Unknown/);
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
    const storage = await openStorage({ endpoint: await listening(refusing) });
    // When
    const ping = await storage.ping();
    await storage.close();
    refusing.close();
    // Then
    expect(ping).toMatchObject({ ok: false, error: { code } });
    if (!ping.ok) expect(ping.error.retryAfterMs).toBe(retryAfterMs);
  });

  test('by a clock that is an hour from ours, of which an answer to HEAD cannot tell', async () => {
    // Given
    const skewed = createServer((_request, response) => {
      response.writeHead(403, { date: new Date(Date.now() + 3_600_000).toUTCString() }).end();
    });
    const storage = await openStorage({ endpoint: await listening(skewed) });
    // When
    const put = await storage.put(await localFile('the footage'), 'clip.mp4', createCall());
    await storage.close();
    skewed.close();
    // Then it is tried again
    expect(put).toMatchObject({ ok: false, error: { code: 'STORAGE_UNREACHABLE', message: expect.stringContaining('clock') } });
  });

  test('before it has the bytes, while they wait for their turn', async () => {
    // Given the second piece of a clip has to wait for as long as the request lives
    const hasty = createServer((request, response) => {
      if (request.method === 'HEAD') response.writeHead(404).end();
      else request.once('data', () => response.writeHead(503).end(() => request.destroy()));
    });
    const storage = await openStorage({ endpoint: await listening(hasty) });
    const turn = Promise.withResolvers<void>();
    let asked = 0;
    const pace = () => ((asked += 1) === 1 ? Promise.resolve() : turn.promise);
    // When it comes to its turn afterwards
    const put = await storage.put(await localFile(Buffer.alloc(1_000_000)), 'clip.mp4', createCall({ pace }));
    turn.resolve();
    await storage.close();
    hasty.close();
    await once(hasty, 'close');
    // Then nothing comes of that, which the test runner would see
    expect(put).toMatchObject({ ok: false, error: { code: 'STORAGE_UNREACHABLE' } });
  });

  test('by silence ends the attempt, and holds back what is read from the disk', async () => {
    // Given a server that has nothing, and takes none of a part of 64 MB
    let signedHash: unknown;
    const silent = createServer((request, response) => {
      if (request.method === 'HEAD') response.writeHead(404).end();
      else signedHash = request.headers['x-amz-content-sha256'];
    });
    const storage = await openStorage({ endpoint: await listening(silent), timeout_s: 1, part_size_bytes: 64 << 20 });
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

/** Stands before the server; signatures hold, for it changes nothing. A bouncer that says true answers by itself. */
async function openDoor(bouncer: (request: IncomingMessage, response: ServerResponse) => boolean) {
  const door = createServer((request, response) => {
    if (bouncer(request, response)) return;
    const { method, headers, url } = request;
    const forwarded = ask(server.url + url, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      pipeline(answer, response).catch(() => undefined);
    });
    pipeline(request, forwarded).catch(() => forwarded.destroy());
  });
  const url = await listening(door);
  const end = async () => {
    door.closeAllConnections();
    door.close();
  };
  return { url, [Symbol.asyncDispose]: end };
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
