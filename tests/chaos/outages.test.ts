import { afterEach, describe, expect, it } from 'vitest';
import { type Household, openHousehold, queryPostgres } from '../support/household.ts';
import { stack } from '../support/stack.ts';
import { openTcpDoor } from '../support/tcp-door.ts';
import { waitUntil } from '../support/wait-until.ts';

const LIMIT_MS = 180_000;
let house: Household;
afterEach(() => house[Symbol.asyncDispose]());

const done = (count: number) => async () => {
  const rows = await house.rows();
  return rows.length === count && rows.every((row) => row.status === 'done');
};

describe('workers that are killed', () => {
  it('come back by themselves and the clip goes on', { timeout: 400_000 }, async () => {
    // Given a clip that keeps every worker busy
    house = await openHousehold();
    for (const stage of ['upload', 'vlm'] as const) await house.hold(stage);
    house.start();
    await house.dropClip('visit.mp4');
    for (const stage of ['upload', 'vlm'] as const)
      await waitUntil(`${stage} begins`, async () => (await house.calls(stage)) > 0, LIMIT_MS);
    // When
    const killed = [await house.kill('worker host'), await house.kill('worker pipeline'), await house.kill('worker gpu')];
    for (const stage of ['upload', 'vlm'] as const) await house.release(stage);
    // Then
    expect(killed).toEqual([1, 1, 1]);
    await waitUntil('the clip is done', done(1), LIMIT_MS);
    const alerts = await house.alerts();
    expect(alerts.filter(({ revision }) => revision === 1)).toHaveLength(1);
  });
});

describe('recording', () => {
  it('needs no server: clips sealed without any are processed once there are', { timeout: 400_000 }, async () => {
    // Given a camera host alone, with no Temporal, no Postgres and no broker anywhere
    house = await openHousehold();
    house.start('record');
    await house.dropClip('first.mp4');
    await house.dropClip('second.mp4');
    await waitUntil('both are sealed', async () => (await house.openClips()) === 2, LIMIT_MS);
    expect(await house.calls('upload')).toBe(0);
    await house.stop();
    // When
    house.start();
    // Then
    await waitUntil('both are done', done(2), LIMIT_MS);
  });
});

describe('Postgres away from the start', () => {
  it('delays rows and nothing else', { timeout: 400_000 }, async () => {
    // Given a household whose own Postgres does not answer
    const database = await stack.createDatabase();
    const dsn = new URL(database.dsn);
    const door = await openTcpDoor(Number(dsn.port));
    await door.shut();
    dsn.port = String(door.port);
    house = await openHousehold({ config: { state_store: { dsn_env: 'HOUSE_DSN' } }, env: { HOUSE_DSN: dsn.href } });
    house.start();
    // When
    await house.dropClip('visit.mp4');
    await waitUntil('the alert', async () => (await house.alerts()).length === 1, LIMIT_MS);
    await waitUntil('the upload', async () => (await house.calls('upload')) === 1, LIMIT_MS);
    await door.open();
    // Then
    const done = async () => (await queryPostgres(database.dsn, "select 1 from clip_states where status = 'done'")).length === 1;
    await waitUntil('the clip is done', () => done().catch(() => false), LIMIT_MS);
    await house.stop();
    await door.shut();
    await database.drop();
  });
});
