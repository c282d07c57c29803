import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { homesec as runHomesec } from '../support/homesec.ts';
import { type Household, openHousehold } from '../support/household.ts';
import { stack } from '../support/stack.ts';
import { openTcpDoor } from '../support/tcp-door.ts';
import { waitUntil } from '../support/wait-until.ts';

const LIMIT_MS = 180_000;
let house: Household;
afterEach(() => house[Symbol.asyncDispose]());

const folderCamera = (name: string, folder: string) => ({
  name,
  source: {
    backend: 'local_folder',
    config: { watch_dir: folder, stability_threshold_s: 0.2, poll_interval_s: 0.2 },
  },
});
const homesec = (...args: string[]) => runHomesec([...args, '--config', join(house.dir, 'homesec.yaml')]);
/** Whether the recording process has said so of one of its cameras. */
const reported = async (state: string): Promise<boolean> =>
  (await readFile(join(house.dataDir, 'state/sources.json'), 'utf8').catch(() => '')).includes(`"state":"${state}"`);
const cameraAlerts = async () => (await house.alerts()).filter(({ kind }) => kind !== 'clip');
const alerted = (count: number) =>
  waitUntil(`${count} alerts of cameras`, async () => (await cameraAlerts()).length >= count, LIMIT_MS);
const eventTypes = async () =>
  (await house.query<{ event_type: string }>('select event_type from camera_events order by sequence').catch(() => [])).map(
    ({ event_type }) => event_type,
  );
const recorded = (count: number) =>
  waitUntil(`${count} events of cameras`, async () => (await eventTypes()).length >= count, LIMIT_MS);

describe('a camera that goes away', () => {
  it('is told once, though every worker is killed between its loss and the alert', { timeout: 400_000 }, async () => {
    // Given a household whose camera delivers
    house = await openHousehold({
      config: { cameras: [folderCamera('Front door', './camera')], camera_watch: { offline_after_s: 6 } },
    });
    house.start();
    await recorded(1);
    const [camera, elsewhere] = [join(house.dir, 'camera'), join(house.dir, 'elsewhere')];
    // When it goes away, and all that could tell of it dies
    await rename(camera, elsewhere);
    await waitUntil('the recording process sees it', () => reported('offline'), LIMIT_MS);
    const killed = [await house.kill('worker host'), await house.kill('worker pipeline')];
    await alerted(1);
    const [list, table, doctor] = await Promise.all([
      homesec('cameras', 'list', '--json'),
      homesec('cameras', 'list'),
      homesec('doctor'),
    ]);
    await house.kill('worker host');
    await rename(elsewhere, camera);
    await alerted(2);
    // Then
    expect(killed).toEqual([1, 1]);
    const [lost, back] = await cameraAlerts();
    expect(await cameraAlerts()).toHaveLength(2);
    expect(lost).toMatchObject({ kind: 'camera_offline', revision: 1, cameraName: 'Front door', reason: expect.any(String) });
    expect(back).toMatchObject({ kind: 'camera_online', revision: 2, dedupeKey: lost?.dedupeKey });
    await recorded(5);
    expect(await eventTypes()).toEqual([
      ...['camera_online', 'camera_offline', 'notification_sent', 'camera_online', 'notification_sent'],
    ]);
    expect(await house.query("select data->'status'->>'online' as online from camera_states")).toEqual([{ online: 'true' }]);
    expect(JSON.parse(list.stdout)).toMatchObject({ cameras: [{ name: 'Front door', state: 'offline' }] });
    expect(table.stdout).toMatch(/^NAME +STATE +SINCE +RECONNECTS +NOTE\nFront door +offline /);
    expect(doctor.stdout).toMatch(/^BAD {3}camera Front door: .*\n +See that the camera or folder is there/m);
  });
});

describe('Temporal away from the start', () => {
  it('delays what is told of a camera, and clips of others no longer than that', { timeout: 400_000 }, async () => {
    // Given a household with a camera that is not there, and a Temporal that does not answer
    const [host = '', port] = stack.temporalAddress.split(':');
    const door = await openTcpDoor(Number(port));
    await door.shut();
    house = await openHousehold({
      config: {
        cameras: [folderCamera('Front door', './camera'), folderCamera('Garden', './garden')],
        camera_watch: { offline_after_s: 1 },
        temporal: { address: `${host}:${door.port}`, namespace: await stack.createNamespace() },
      },
    });
    house.start();
    await house.dropClip('visit.mp4');
    await waitUntil('the loss is seen', () => reported('offline'), LIMIT_MS);
    await waitUntil('the clip is sealed', async () => (await house.openClips()) === 1, LIMIT_MS);
    // When it answers, and later the camera is there
    await door.open();
    await alerted(1);
    await waitUntil('the alert of the clip', async () => (await house.alerts()).some(({ kind }) => kind === 'clip'), LIMIT_MS);
    await mkdir(join(house.dir, 'garden'));
    await alerted(2);
    // Then
    const told = (await cameraAlerts()).map(({ kind }) => kind);
    expect(told).toEqual(['camera_offline', 'camera_online']);
    await house.stop();
    await door[Symbol.asyncDispose]();
  });
});
