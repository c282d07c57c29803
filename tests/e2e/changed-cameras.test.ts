import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { cameraFolderName } from '../../src/kit/camera-folder.ts';
import { type Household, openHousehold } from '../support/household.ts';
import { openTestCamera, type TestCamera } from '../support/rtsp-camera.ts';
import { type MediaFolder, openMediaFolder } from '../support/test-media.ts';
import { waitUntil } from '../support/wait-until.ts';

/* One recorder with two cameras, whose configuration its owner changes while it records. The tests are its life, in this order. */

const LIMIT_MS = 120_000;

let media: MediaFolder;
let house: Household;
let front: TestCamera;
let garden: TestCamera;

const cameraOf = (name: string, { mainUrl, subUrl }: TestCamera, recording = {}) => ({
  name,
  source: { backend: 'rtsp', config: { rtsp_url: mainUrl, detect_rtsp_url: subUrl, recording } },
});

beforeAll(async () => {
  media = await openMediaFolder();
  const video = await media.clip('quiet.mp4', 'color=gray:s=320x180:r=10:d=6,noise=alls=5:allf=t');
  [front, garden] = await Promise.all([openTestCamera({ video, loop: true }), openTestCamera({ video, loop: true })]);
  house = await openHousehold({ config: { cameras: [cameraOf('Front door', front), cameraOf('Garden', garden)] } });
  house.start('record');
  await waitUntil('both cameras are connected', () => front.sessions() === 2 && garden.sessions() === 2, LIMIT_MS);
}, LIMIT_MS);

afterAll(async () => {
  await house?.[Symbol.asyncDispose]();
  await Promise.all([front, garden].map((camera) => camera?.[Symbol.asyncDispose]()));
  await media?.remove();
});

/** As an editor saves it. */
async function save(text: string): Promise<void> {
  const file = join(house.dir, 'homesec.yaml');
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

async function change(cameras: readonly object[]): Promise<void> {
  const text = await readFile(join(house.dir, 'homesec.yaml'), 'utf8');
  await save(stringify({ ...(parse(text) as object), cameras }));
}

const logHas = async (words: string): Promise<boolean> =>
  (await readFile(join(house.dir, 'homesec.log'), 'utf8')).includes(words);

it('a camera whose settings change is started anew; the others do not notice', async () => {
  // Given
  const sessions = garden.totalSessions();
  const before = front.totalSessions();
  // When
  await change([cameraOf('Front door', front, { pre_roll_s: 3 }), cameraOf('Garden', garden)]);
  await waitUntil('the front door is connected anew', () => front.totalSessions() === before + 2, LIMIT_MS);
  // Then
  await waitUntil('it records again', () => front.sessions() === 2);
  expect(garden.totalSessions()).toBe(sessions);
  expect(garden.sessions()).toBe(2);
});

it('a mistake in the configuration is told, and changes nothing', async () => {
  // Given
  const good = await readFile(join(house.dir, 'homesec.yaml'), 'utf8');
  const before = [front.totalSessions(), garden.totalSessions()];
  // When
  await save(good.replace('pre_roll_s', 'pre_rol_s'));
  await waitUntil('it is told', () => logHas('pre_rol_s'), LIMIT_MS);
  // Then
  expect([front.totalSessions(), garden.totalSessions()]).toEqual(before);
  await save(good);
});

it('a camera that is taken out ends, and one that is put in begins', async () => {
  // Given
  const before = front.totalSessions();
  // When
  await change([cameraOf('Front door', front, { pre_roll_s: 3 })]);
  await waitUntil('the garden is let go of', () => garden.sessions() === 0, LIMIT_MS);
  await change([cameraOf('Front door', front, { pre_roll_s: 3 }), cameraOf('Back garden', garden)]);
  await waitUntil('it is there under its new name', () => garden.sessions() === 2, LIMIT_MS);
  // Then
  expect(front.totalSessions()).toBe(before);
});

it('a camera that cannot be started is tried again, and keeps no other from recording', async () => {
  // Given something in the way of the folder that its recordings need
  const name = 'Shed';
  const obstacle = join(house.dataDir, 'spool', 'scratch', cameraFolderName('rtsp', name));
  await writeFile(obstacle, '');
  // When it is put in, together with another one
  await change([cameraOf(name, garden), cameraOf('Front door', front, { pre_roll_s: 4 })]);
  await waitUntil('it is told', () => logHas('a camera cannot be recorded yet'), LIMIT_MS);
  await waitUntil('the other one is connected', () => front.sessions() === 2, LIMIT_MS);
  await waitUntil('the camera before it is let go of', () => garden.sessions() === 0, LIMIT_MS);
  await rm(obstacle);
  // Then
  await waitUntil('it is connected as well', () => garden.sessions() === 2, LIMIT_MS);
});
