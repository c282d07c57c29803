import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGpuActivities } from '../../activities/index.ts';
import type { Clip } from '../../src/domain/clip.ts';
import { createClipId } from '../../src/domain/ids.ts';
import { ok } from '../../src/domain/result.ts';
import { localStorage } from '../../src/plugins/storage/local/index.ts';
import { SAW_PERSON } from '../support/clip-world.ts';
import { createTestContext } from '../support/plugin-context.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'homesec-stage-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A worker's detect activity on real local storage; notes which file the detector was given. */
function createDetector() {
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
  const tempDir = join(folder, 'tmp');
  const { detectObjects } = createGpuActivities({ storage, tempDir, filter, filterBackend: 'noting' });
  const detect = (clip: Clip) => new MockActivityEnvironment().run(detectObjects, { clip });
  return { detect, seen, storage, tempDir };
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

const noProgress = { signal: new AbortController().signal, onProgress: () => undefined };

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
    const { detect, seen, storage, tempDir } = createDetector();
    const clip = await createClip('the bytes');
    await storage.put(clip, clip.storageKey, noProgress);
    await rm(clip.path);
    // When
    const answer = await detect(clip);
    // Then
    expect(answer).toEqual(ok(SAW_PERSON));
    expect(seen.map(({ bytes }) => bytes)).toEqual(['the bytes']);
    expect(await readdir(tempDir)).toEqual([]);
  });

  it('is not fooled by another file at the same path', async () => {
    // Given
    const { detect, seen, storage } = createDetector();
    const clip = await createClip('the bytes');
    await storage.put(clip, clip.storageKey, noProgress);
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
    await storage.put(clip, clip.storageKey, noProgress);
    await rm(clip.path);
    await writeFile(join(folder, 'storage', clip.storageKey), 'other byt');
    // When
    const answer = await detect(clip);
    // Then
    expect(answer).toMatchObject({ ok: false, error: { code: 'CLIP_CORRUPT' } });
  });
});
