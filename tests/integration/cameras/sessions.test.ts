import { afterAll, beforeAll, expect, it } from 'vitest';
import { openRtspHouse } from '../../support/rtsp-house.ts';
import { type MediaFolder, openMediaFolder } from '../../support/test-media.ts';
import { waitUntil } from '../../support/wait-until.ts';

let media: MediaFolder;
let busy: string;
beforeAll(async () => {
  media = await openMediaFolder();
  busy = await media.clip('busy.mp4', 'testsrc2=s=640x360:r=10:d=12');
});
afterAll(() => media.remove());

it('motion is looked for beside the first attempt to record, and gives way when only one session is left', async () => {
  // Given a camera that is known to have two streams
  await using house = await openRtspHouse({ video: busy, loop: true });
  const { camera } = house;
  const config = { stream: { io_timeout_s: 2, sessions: 'two' } };
  const known = await house.record(config);
  await waitUntil('recording', () => known.status().state === 'recording');
  await known.stop();
  // When at the next start its main stream does not answer, and it has one session to give
  camera.maxSessions(1);
  camera.stall(true, 'main');
  const framesBefore = camera.sent('sub').frames;
  const source = await house.record(config);
  await waitUntil('pictures', () => camera.sent('sub').frames > framesBefore);
  expect(source.status().connection?.online).toBe(false);
  camera.stall(false, 'main');
  // Then the recording gets it
  await waitUntil('online', () => source.status().connection?.online === true);
});
