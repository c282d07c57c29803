import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type ClipServer, openClipServer } from '../../../src/clip-server/clip-server.ts';
import { fetchClip } from '../../../src/clip-server/fetch-clip.ts';
import { signClipUrl } from '../../../src/clip-server/signed-url.ts';
import type { Clip } from '../../../src/domain/clip.ts';
import { createClipId } from '../../../src/domain/ids.ts';
import { ok } from '../../../src/domain/result.ts';
import { Secret } from '../../../src/domain/secret.ts';
import { createTestContext } from '../../support/plugin-context.ts';

const SECRET = new Secret('known to two machines');
const BYTES = randomBytes(300_000);
const RECORDED_AT = '2026-11-23T02:00:00.000Z';

let folder: string;
let clip: Clip;
let server: ClipServer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'homesec-clips-'));
  const path = join(folder, 'clip.mp4');
  await writeFile(path, BYTES);
  clip = {
    clipId: createClipId(RECORDED_AT, 'Yard', '0123456789ab'),
    ...{ cameraName: 'Yard', hostId: 'a host', durationMs: 1000, sourceBackend: 'test', storageKey: 'clips/yard/clip.mp4', path },
    ...{ recordedStartAt: RECORDED_AT, recordedEndAt: RECORDED_AT, sealedAt: RECORDED_AT },
    ...{ sizeBytes: BYTES.length, sha256: createHash('sha256').update(BYTES).digest('hex') },
  };
  server = await openClipServer({
    ...{ host: '127.0.0.1', port: 0, secret: SECRET },
    findClip: async (clipId) => (clipId === clip.clipId ? clip : undefined),
    ...createTestContext(),
  });
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const base = () => `http://127.0.0.1:${server.port}`;
const signed = (secret = SECRET, nowMs = Date.now()) => signClipUrl(base(), clip.clipId, secret, nowMs);
const bytesOf = async (response?: Response) => Buffer.from((await response?.arrayBuffer()) ?? new ArrayBuffer(0));
const noProgress = { signal: new AbortController().signal, onProgress: () => undefined };

describe('the clip server', () => {
  it('hands out a clip, whole and in ranges', async () => {
    // Given
    const url = signed();
    // When
    const whole = await fetch(url);
    const [middle, end] = await Promise.all(['bytes=100-199', 'bytes=-50'].map((range) => fetch(url, { headers: { range } })));
    // Then
    expect(whole.status).toBe(200);
    expect((await bytesOf(whole)).equals(BYTES)).toBe(true);
    expect(middle?.headers.get('content-range')).toBe(`bytes 100-199/${BYTES.length}`);
    expect((await bytesOf(middle)).equals(BYTES.subarray(100, 200))).toBe(true);
    expect((await bytesOf(end)).equals(BYTES.subarray(-50))).toBe(true);
    expect((await fetch(url, { headers: { range: `bytes=${BYTES.length}-` } })).status).toBe(416);
  });

  it.each([
    ['signed with another secret', () => signed(new Secret('of somebody else'))],
    ['whose time is over', () => signed(SECRET, Date.now() - 3_600_000)],
    ['whose time was made longer', () => signed(SECRET, Date.now() - 3_600_000).replace(/expires=\d+/, 'expires=9999999999')],
    ['without a signature', () => signed().replace(/&signature=.*/, '')],
    ['of another clip', () => signed().replace('0123456789ab', '0123456789ac')],
  ])('refuses a link %s', async (_what, link) => {
    // Given
    const url = link();
    // When
    const response = await fetch(url);
    // Then
    expect(response.status).toBe(403);
    expect(await response.text()).toBe('');
  });

  it.each(['/', '/clips/', '/clips/../clip.mp4', '/clips/..%2fclip.mp4', '/etc/passwd', '//clips/x', '/clips/a/b'])(
    'serves nothing at %s',
    async (target) => {
      // Given a client that sends the path as it is, with a signature that is right for it
      const socket = connect(server.port, '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      const query = signed().split('?')[1];
      // When
      socket.write(`GET ${target}?${query} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
      const answer = Buffer.concat(await socket.toArray()).toString('latin1');
      // Then
      expect(answer).toMatch(/^HTTP\/1\.1 404 /);
      expect(answer).toMatch(/content-length: 0/i);
    },
  );

  it('takes no other method', async () => {
    // Given
    const url = signed();
    // When
    const response = await fetch(url, { method: 'DELETE' });
    // Then
    expect(response.status).toBe(405);
    expect((await readFile(clip.path)).equals(BYTES)).toBe(true);
  });

  it('does not hand out a file that is no longer the clip', async () => {
    // Given
    await writeFile(clip.path, 'cut short');
    // When
    const response = await fetch(signed());
    // Then
    expect(response.status).toBe(404);
  });
});

describe('fetching a clip', () => {
  it('goes on where a cut transfer stopped', async () => {
    // Given a way to the host on which the first transfer breaks in the middle
    const asked: (string | undefined)[] = [];
    const proxy = createServer((request, response) => {
      const { range } = request.headers;
      asked.push(range);
      void fetch(`${base()}${request.url}`, range === undefined ? {} : { headers: { range } }).then(async (answer) => {
        const bytes = Buffer.from(await answer.arrayBuffer());
        response.writeHead(answer.status, { 'content-length': bytes.length });
        if (asked.length > 1) response.end(bytes);
        else response.write(bytes.subarray(0, 100_000), () => setImmediate(() => response.destroy()));
      });
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void proxy.close());
    await once(proxy, 'listening');
    const clipsUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const path = join(folder, 'copy.mp4');
    // When
    const fetched = await fetchClip({ clipsUrl, clip, secret: SECRET }, path, noProgress);
    // Then
    expect(fetched).toEqual(ok(undefined));
    expect((await readFile(path)).equals(BYTES)).toBe(true);
    expect(asked).toEqual([undefined, expect.stringMatching(/^bytes=\d+-$/)]);
  });

  it('takes no more than the clip has, from whoever answers', async () => {
    // Given somebody who sends without an end
    const flood = createServer((_request, response) => {
      const send = (): void => {
        if (response.destroyed) return;
        response.write(BYTES, () => setImmediate(send));
      };
      send();
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void flood.close());
    await once(flood, 'listening');
    const clipsUrl = `http://127.0.0.1:${(flood.address() as AddressInfo).port}`;
    const path = join(folder, 'copy.mp4');
    // When
    const fetched = await fetchClip({ clipsUrl, clip, secret: SECRET }, path, noProgress);
    // Then
    expect(fetched).toMatchObject({ ok: false, error: { message: expect.stringContaining('more than the clip') } });
    expect((await readFile(path)).length).toBeLessThanOrEqual(BYTES.length);
  });

  it('says why it has none', async () => {
    // Given
    const from = { clipsUrl: base(), clip, secret: SECRET };
    // When
    const denied = await fetchClip({ ...from, secret: new Secret('other') }, join(folder, 'a'), noProgress);
    await server.close();
    const away = await fetchClip(from, join(folder, 'b'), noProgress);
    // Then
    expect(denied).toMatchObject({
      ok: false,
      error: { code: 'CLIP_HOST_UNREACHABLE', message: expect.stringContaining('secrets') },
    });
    expect(away).toMatchObject({
      ok: false,
      error: { code: 'CLIP_HOST_UNREACHABLE', message: expect.stringContaining('ECONNREFUSED') },
    });
  });
});
