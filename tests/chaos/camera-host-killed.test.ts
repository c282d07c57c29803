import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Clip } from '../../src/domain/clip.ts';
import { systemClock } from '../../src/kit/clock.ts';
import { openSpool } from '../../src/spool/spool.ts';
import { processesIn } from '../support/homesec.ts';
import { createTestContext } from '../support/plugin-context.ts';
import { lookInto } from '../support/rtsp-house.ts';
import { openSixVisitsHouse, type SixVisitsHouse } from '../support/six-visits.ts';
import { valueOf } from '../support/value-of.ts';
import { waitUntil } from '../support/wait-until.ts';

const LIMIT_MS = 240_000;

let opened: SixVisitsHouse;
let six: SixVisitsHouse['six'];
let camera: SixVisitsHouse['camera'];
let house: SixVisitsHouse['house'];

beforeAll(async () => {
  opened = await openSixVisitsHouse();
  ({ six, camera, house } = opened);
}, LIMIT_MS);
afterAll(() => opened[Symbol.asyncDispose]());

async function sealedClips(): Promise<Clip[]> {
  const { logger } = createTestContext();
  const spool = valueOf(await openSpool({ dir: `${house.dataDir}/spool`, role: 'observer', clock: systemClock, logger }));
  const clips = await spool.openClips();
  await spool.close();
  return clips;
}

const connected = () => waitUntil('the camera is connected', () => camera.sessions() === 2, LIMIT_MS);
const ffmpegs = () => processesIn(house.dir, 'ffmpeg');

it(
  'a recorder killed in every visit loses nothing that it had received, and its six events stay six',
  async () => {
    // Given a recorder alone: no Temporal, no Postgres
    house.start('record');
    await connected();
    camera.seek(0);
    const killedAtMs: number[] = [];
    // When it is killed in the middle of each visit, and started again
    for (const [from, until] of six.visits) {
      await waitUntil(`second ${from + 4}`, () => camera.position() >= Math.min(from + 4, until - 3), LIMIT_MS);
      expect(await house.kill('main.ts record')).toBe(1);
      killedAtMs.push(Date.now());
      await house.kill('main.ts');
      house.start('record');
      await waitUntil('the old processes are gone', async () => (await ffmpegs()).length <= 2, LIMIT_MS);
      await connected();
    }
    await waitUntil('the end', () => camera.position() >= six.lastsS, LIMIT_MS);
    await waitUntil('twelve clips', async () => (await sealedClips()).length >= 12, LIMIT_MS);
    await house.stop();
    // Then each visit is one event in two clips: what a process had before it was killed, and what the next one recorded
    const clips = await sealedClips();
    const byEvent = [...Map.groupBy(clips, ({ eventId }) => eventId).values()];
    expect(byEvent.map(({ length }) => length)).toEqual(Array(6).fill(2));
    for (const [index, [adopted, continued]] of byEvent.entries()) {
      if (adopted === undefined || continued === undefined) throw new Error('a clip is missing');
      // Fragments last a second, and what is written of one that nobody finished is kept as well.
      expect(Date.parse(adopted.recordedEndAt)).toBeGreaterThan((killedAtMs[index] ?? 0) - 1_500);
      expect(Date.parse(continued.recordedStartAt)).toBeGreaterThanOrEqual(Date.parse(adopted.recordedEndAt) - 150);
      const { frames } = await lookInto(adopted.path);
      expect(Math.abs(frames * 100 - adopted.durationMs)).toBeLessThanOrEqual(300);
    }
    // And nothing is left over
    expect(await ffmpegs()).toEqual([]);
  },
  2 * LIMIT_MS,
);
