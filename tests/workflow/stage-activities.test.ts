import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ClipBytesDeps } from '../../activities/clip-bytes.ts';
import { createGpuActivities, createHostActivities } from '../../activities/index.ts';
import { type ClipServer, openClipServer } from '../../src/clip-server/clip-server.ts';
import { fetchClip } from '../../src/clip-server/fetch-clip.ts';
import type { Clip } from '../../src/domain/clip.ts';
import { createClipId } from '../../src/domain/ids.ts';
import { err, ok } from '../../src/domain/result.ts';
import { Secret } from '../../src/domain/secret.ts';
import { pluginFailure } from '../../src/domain/stage-error.ts';
import { createPace } from '../../src/kit/pace.ts';
import { localStorage } from '../../src/plugins/storage/local/index.ts';
import { failing, SAW_PERSON } from '../support/clip-world.ts';
import { createTestContext } from '../support/plugin-context.ts';
import { createCall } from '../support/storage-calls.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'homesec-stage-'));
  await mkdir(join(folder, 'copies'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A worker's detect activity on real local storage; notes which file the detector was given. */
function createDetector(host?: ClipServer) {
  const seen: { path: string; bytes: string }[] = [];
  const storage = localStorage.create(
    localStorage.configSchema.parse({ root: join(folder, 'storage') }),
    createTestContext({ stateDir: folder }),
  );
  const filter = {
    detect: async ({ path }: { path: string }) => {
      seen.push({ path, bytes: await readFile(path, 'utf8') });
      return ok(SAW_PERSON);
    },
    ping: async () => ok(undefined),
    close: async () => undefined,
  };
  const copiesDir = join(folder, 'copies');
  const fetchFromHost: ClipBytesDeps['fetchFromHost'] = (source, path, call) =>
    fetchClip({ ...source, secret: SECRET }, path, call);
  const { detectObjects } = createGpuActivities({ storage, copiesDir, fetchFromHost, filter, filterBackend: 'noting' });
  const source = host === undefined ? {} : { clipsUrl: `http://127.0.0.1:${host.port}` };
  const detect = (clip: Clip, onHeartbeat: () => void = () => undefined) => {
    const environment = new MockActivityEnvironment();
    environment.on('heartbeat', onHeartbeat);
    return environment.run(detectObjects, { clip, ...source });
  };
  return { detect, seen, storage, copiesDir };
}

const SECRET = new Secret('between two machines');

/** A camera host that still has these bytes, and hands them out. */
async function openHost(bytes: string, clip: Clip): Promise<ClipServer> {
  const path = join(folder, 'elsewhere.mp4');
  await writeFile(path, bytes);
  const server = await openClipServer({
    ...{ host: '127.0.0.1', port: 0, secret: SECRET },
    findClip: async (clipId) => (clipId === clip.clipId ? { ...clip, path } : undefined),
    ...createTestContext(),
  });
  onTestFinished(() => server.close());
  return server;
}

async function createClip(bytes: string): Promise<Clip> {
  const identity = randomUUID().replaceAll('-', '');
  const clipId = createClipId('2026-11-23T02:00:00.000Z', 'Yard', identity);
  await mkdir(join(folder, 'spool'), { recursive: true });
  const path = join(folder, 'spool', `${clipId}.mp4`);
  await writeFile(path, bytes);
  const times = {
    recordedStartAt: '2026-11-23T02:00:00.000Z',
    recordedEndAt: '2026-11-23T02:00:01.000Z',
    sealedAt: '2026-11-23T02:00:02.000Z',
  };
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const facts = {
    cameraName: 'Yard',
    hostId: randomUUID(),
    durationMs: 1000,
    sourceBackend: 'test',
    sizeBytes: bytes.length,
    sha256,
  };
  return { clipId, ...times, ...facts, path, storageKey: `clips/yard/${clipId}.mp4` };
}

describe('a filter worker', () => {
  it('takes the bytes where they are when it shares the disk', async () => {
    // Given
    const { detect, seen } = createDetector();
    const clip = await createClip('the bytes');
    // When
    const answer = await detect(clip);
    // Then
    expect(answer).toEqual(ok(SAW_PERSON));
    expect(seen).toEqual([{ path: clip.path, bytes: 'the bytes' }]);
  });

  it('gets them from storage when it does not, and keeps no copy', async () => {
    // Given a clip that is stored, and whose local file another machine has
    const { detect, seen, storage, copiesDir } = createDetector();
    const clip = await createClip('the bytes');
    await storage.put(clip, clip.storageKey, createCall());
    await rm(clip.path);
    // When
    const answer = await detect(clip);
    // Then
    expect(answer).toEqual(ok(SAW_PERSON));
    expect(seen.map(({ bytes }) => bytes)).toEqual(['the bytes']);
    expect(await readdir(copiesDir)).toEqual([]);
  });

  it('is seen to live while it looks whether these are the bytes', async () => {
    // Given a large clip, and a disk so slow that each look at the clock is a second later than the one before
    const { detect, seen } = createDetector();
    const clip = await createClip('the bytes '.repeat(300_000));
    const signs: number[] = [];
    let nowMs = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += 1_000));
    onTestFinished(() => clock.mockRestore());
    // When
    const answer = await detect(clip, () => signs.push(seen.length));
    // Then
    expect(answer).toEqual(ok(SAW_PERSON));
    expect(signs.filter((looks) => looks === 0).length).toBeGreaterThan(1);
  });

  it('is not fooled by another file at the same path', async () => {
    // Given
    const { detect, seen, storage } = createDetector();
    const clip = await createClip('the bytes');
    await storage.put(clip, clip.storageKey, createCall());
    await writeFile(clip.path, 'not those');
    // When
    await detect(clip);
    // Then
    expect(seen.map(({ bytes }) => bytes)).toEqual(['the bytes']);
  });

  it('waits for the upload when nothing is stored yet', async () => {
    // Given
    const { detect } = createDetector();
    const clip = await createClip('the bytes');
    await rm(clip.path);
    // When
    const answer = await detect(clip);
    // Then
    expect(answer).toMatchObject({
      ok: false,
      error: { kind: 'FilterError', code: 'CLIP_NOT_STORED_YET', clipId: clip.clipId, backend: 'noting' },
    });
  });

  it('refuses stored bytes that are not the clip', async () => {
    // Given
    const { detect, storage } = createDetector();
    const clip = await createClip('the bytes');
    await storage.put(clip, clip.storageKey, createCall());
    await rm(clip.path);
    await writeFile(join(folder, 'storage', clip.storageKey), 'other byt');
    // When
    const answer = await detect(clip);
    // Then
    expect(answer).toMatchObject({ ok: false, error: { code: 'CLIP_CORRUPT' } });
  });
});

describe('a filter worker that shares no disk with the camera host', () => {
  it('gets what is not stored yet from the host, and keeps no copy', async () => {
    // Given
    const clip = await createClip('the bytes');
    await rm(clip.path);
    const { detect, seen, copiesDir } = createDetector(await openHost('the bytes', clip));
    // When
    const answer = await detect(clip);
    // Then
    expect(answer).toEqual(ok(SAW_PERSON));
    expect(seen.map(({ bytes }) => bytes)).toEqual(['the bytes']);
    expect(await readdir(copiesDir)).toEqual([]);
  });

  it('gets them from the host when storage hangs', async () => {
    // Given a storage that stops after four bytes, and goes on to say so
    const clip = await createClip('the bytes');
    await rm(clip.path);
    const { detect, seen, storage } = createDetector(await openHost('the bytes', clip));
    storage.get = async (_key, _path, { signal, onProgress }) => {
      const signs = setInterval(() => onProgress(4), 1_000);
      await once(signal, 'abort');
      clearInterval(signs);
      throw signal.reason;
    };
    // When
    const answer = await detect(clip);
    // Then
    expect(answer).toEqual(ok(SAW_PERSON));
    expect(seen.map(({ bytes }) => bytes)).toEqual(['the bytes']);
  });

  it('never looks at other bytes than the clip', async () => {
    // Given a host whose disk has gone bad
    const clip = await createClip('the bytes');
    await rm(clip.path);
    const { detect, seen } = createDetector(await openHost('not those', clip));
    // When
    const answer = await detect(clip);
    // Then it waits for storage
    expect(answer).toMatchObject({
      ok: false,
      error: { code: 'CLIP_NOT_STORED_YET', message: expect.stringContaining('camera host') },
    });
    expect(seen).toEqual([]);
  });

  it('tries again when neither storage nor the host can be reached, whatever storage says', async () => {
    // Given storage that refuses this machine, and a host that is away
    const clip = await createClip('the bytes');
    await rm(clip.path);
    const host = await openHost('the bytes', clip);
    const { detect, storage } = createDetector(host);
    storage.get = async () => err(pluginFailure('STORAGE_DENIED', 'no credentials here'));
    await host.close();
    // When
    const answer = await detect(clip);
    // Then
    expect(answer).toMatchObject({ ok: false, error: { code: 'CLIP_HOST_UNREACHABLE' } });
  });
});

describe('an upload of local bytes that have gone bad', () => {
  it.each([
    [true, { ok: true, value: { storageUri: expect.stringMatching(/^local:clips/) } }],
    [false, { ok: false, error: { kind: 'UploadError', code: 'CLIP_CORRUPT' } }],
  ])('when they are stored: %s', async (isStored, expected) => {
    // Given
    const { storage } = createDetector();
    const clip = await createClip('the bytes');
    if (isStored) await storage.put(clip, clip.storageKey, createCall());
    await writeFile(clip.path, 'THE BYTES');
    const deps = { storageBackend: 'local', pace: createPace(undefined), release: async () => undefined, prune: () => undefined };
    // When storage looks at them before it looks at what it has
    storage.put = async () => failing('CLIP_CORRUPT');
    const { uploadClip } = createHostActivities({ storage, ...deps });
    const uploaded = await new MockActivityEnvironment().run(uploadClip, { clip });
    // Then
    expect(uploaded).toMatchObject(expected);
  });
});
