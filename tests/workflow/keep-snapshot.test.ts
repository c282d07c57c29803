import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGpuActivities } from '../../activities/index.ts';
import type { Clip } from '../../src/domain/clip.ts';
import type { FilterResult } from '../../src/domain/detection.ts';
import { createClipId } from '../../src/domain/ids.ts';
import { ok, type Result } from '../../src/domain/result.ts';
import type { StageError } from '../../src/domain/stage-error.ts';
import { probe } from '../../src/media/probe.ts';
import { yoloFilter } from '../../src/plugins/filters/yolo/index.ts';
import type { Filter } from '../../src/plugins/spec/filter.ts';
import type { Storage } from '../../src/plugins/spec/storage.ts';
import { localStorage } from '../../src/plugins/storage/local/index.ts';
import { failing, SAW_PERSON } from '../support/clip-world.ts';
import { detectorAndVisit } from '../support/detector-and-visit.ts';
import { createTestContext } from '../support/plugin-context.ts';
import { type MediaFolder, openMediaFolder } from '../support/test-media.ts';
import { valueOf } from '../support/value-of.ts';

let media: MediaFolder;
let clip: Clip;
let detector: Filter;
let storage: Storage;
let copiesDir: string;
beforeAll(async () => {
  media = await openMediaFolder();
  const { model, modelsDir, visit } = await detectorAndVisit(media);
  detector = yoloFilter.create(yoloFilter.configSchema.parse({ model }), createTestContext({ modelsDir }));
  const config = localStorage.configSchema.parse({ root: media.file('storage') });
  storage = localStorage.create(config, createTestContext({ stateDir: media.file('.') }));
  copiesDir = media.file('copies');
  await mkdir(copiesDir);
  clip = await clipOf(visit);
});
afterAll(async () => {
  await Promise.all([detector.close(), storage.close()]);
  await media.remove();
});

async function clipOf(path: string): Promise<Clip> {
  const recordedStartAt = '2026-11-23T02:00:00.000Z';
  const clipId = createClipId(recordedStartAt, 'Yard', randomUUID().replaceAll('-', ''));
  const bytes = await readFile(path);
  return {
    ...{ clipId, cameraName: 'Yard', hostId: randomUUID(), sourceBackend: 'test', path, durationMs: 4_000 },
    ...{ recordedStartAt, recordedEndAt: '2026-11-23T02:00:04.000Z', sealedAt: '2026-11-23T02:00:05.000Z' },
    ...{ sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') },
    storageKey: `clips/yard/2026-11-23/${clipId}.mp4`,
  };
}

async function detect(changes: Partial<Parameters<typeof createGpuActivities>[0]> = {}, triggerClasses = ['person']) {
  const deps = { filter: detector, filterBackend: 'yolo', storage, copiesDir, ...changes };
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  const seen: Result<FilterResult, StageError> = await environment.run(createGpuActivities(deps).detectObjects, {
    clip,
    triggerClasses,
  });
  return valueOf(seen);
}

const scripted: Filter = { detect: async () => ok(SAW_PERSON), ping: async () => ok(undefined), close: async () => undefined };
const put = (answer: Storage['put']): Storage => ({ ...storage, verify: storage.verify, get: storage.get, put: answer });

describe('what a filter saw', () => {
  it('has its picture stored beside the clip', async () => {
    // Given a real detector and a person, When
    const { snapshotKey = '' } = await detect();
    // Then
    expect(snapshotKey).toMatch(new RegExp(`^snapshots/yard/2026-11-23/${clip.clipId}-[0-9a-f]{8}\\.jpg$`));
    const picture = join(media.file('storage'), snapshotKey);
    expect(valueOf(await probe(picture)).videoCodec).toBe('mjpeg');
    expect((await stat(picture)).size).toBeGreaterThan(1_000);
    expect(basename(snapshotKey)).toContain(
      createHash('sha256')
        .update(await readFile(picture))
        .digest('hex')
        .slice(0, 8),
    );
    expect(await readdir(copiesDir)).toEqual([]);
  });

  it('has the same one when it is looked at again', async () => {
    // Given
    const first = await detect({ filter: scripted });
    // When
    const again = await detect({ filter: scripted });
    // Then
    expect(again).toEqual(first);
  });

  it('has none where no trigger class was seen', async () => {
    // Given, When
    const seen = await detect({ filter: scripted }, ['car']);
    // Then
    expect(seen).toEqual(SAW_PERSON);
  });

  it.each([
    ['refuses it', async () => failing('STORAGE_FULL')],
    ['does not answer', () => Promise.withResolvers<never>().promise],
  ] as const)('is the answer also when storage %s', async (_how, answer) => {
    // Given
    const broken = put(answer);
    // When
    const seen = await detect({ filter: scripted, storage: broken });
    // Then
    expect(seen).toEqual(SAW_PERSON);
  });
});
