import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { systemClock } from '../../src/kit/clock.ts';
import { openSpool } from '../../src/spool/spool.ts';
import { NativeStack } from '../../tools/stack/native-stack.ts';
import { detectorAndVisit } from '../support/detector-and-visit.ts';
import { type Subscriber, subscribe } from '../support/mqtt-brokers.ts';
import { type Behaviour, type OpenaiServer, openOpenaiServer, says, sequence } from '../support/openai-server.ts';
import { createTestContext } from '../support/plugin-context.ts';
import { query } from '../support/query.ts';
import { type MediaFolder, openMediaFolder } from '../support/test-media.ts';
import { valueOf } from '../support/value-of.ts';
import { waitUntil } from '../support/wait-until.ts';
import { PASSWORDS } from './compose-servers.ts';

/*
 * `make stack E2E=1`: one household on the topology of docker-compose.yml, all servers real. The tests are its life, in this order.
 */

const LIMIT_MS = 120_000;
const { POSTGRES_PASSWORD, TEMPORAL_POSTGRES_PASSWORD, MQTT_PASSWORD } = PASSWORDS;

let dir: string;
let media: MediaFolder;
let vlm: OpenaiServer;
let stack: NativeStack;
let subscriber: Subscriber;
let visit: string;

beforeAll(async () => {
  dir = await mkdtemp('/tmp/homesec-stack-');
  // Root's Postgres, under its own account, may pass.
  await chmod(dir, 0o711);
  media = await openMediaFolder();
  vlm = await openOpenaiServer();
  const detector = await detectorAndVisit(media);
  ({ visit } = detector);
  await mkdir(join(dir, 'config'));
  await writeFile(join(dir, 'config', 'homesec.yaml'), stringify(configuration(detector.model)), { mode: 0o600 });
  stack = await NativeStack.open({
    dir: join(dir, 'stack'),
    network: 73,
    secrets: {
      ...PASSWORDS,
      COMPOSE_PROFILES: 'cpu',
      HOMESEC_CONFIG_DIR: join(dir, 'config'),
      HOMESEC_MODELS_DIR: detector.modelsDir,
      VLM_KEY: 'key',
    },
    onProgress: (service, message) => process.stdout.write(`${service}: ${message}\n`),
  });
  subscriber = await subscribe(1883, 'homecam/alerts/#', [
    ...['-h', stack.addressOf('mosquitto')],
    ...['-u', 'homesec', '-P', MQTT_PASSWORD],
  ]);
}, 600_000);

afterAll(async () => {
  await subscriber?.stop();
  await stack?.close();
  await vlm?.close();
  await media?.remove();
  await rm(dir, { recursive: true, force: true });
}, LIMIT_MS);

/** With the paths of the containers, as an owner writes it. */
const configuration = (model: string): object => ({
  version: 1,
  data_dir: '/data',
  cameras: [
    { name: 'Folder', source: { backend: 'local_folder', config: { watch_dir: '/recordings', stability_threshold_s: 0.5 } } },
  ],
  storage: { backend: 'local', config: { root: '/storage' } },
  state_store: { dsn_env: 'DB_DSN' },
  notifiers: [
    { name: 'mqtt', backend: 'mqtt', config: { auth: { username_env: 'MQTT_USERNAME', password_env: 'MQTT_PASSWORD' } } },
  ],
  filter: { backend: 'yolo', config: { model } },
  vlm: { backend: 'openai', run_mode: 'always', config: { base_url: vlm.baseUrl, model: 'vision', api_key_env: 'VLM_KEY' } },
  alert_policy: { config: { min_risk_level: 'low' } },
});

/** A visit with bytes of its own. @returns its file's SHA-256. */
async function drop(name: string): Promise<string> {
  const arriving = join(dir, name);
  await copyFile(visit, arriving);
  await writeFile(arriving, name.padEnd(32), { flag: 'a' });
  const sha256 = createHash('sha256')
    .update(await readFile(arriving))
    .digest('hex');
  await rename(arriving, join(stack.volume('recordings'), name));
  return sha256;
}

interface ClipRow {
  readonly clip_id: string;
  readonly status: string;
  readonly data: { readonly storage_uri: string };
}
const dsn = (service: string, user: string, password: string): string =>
  `postgres://${user}:${password}@${stack.addressOf(service)}:5432/${user}`;
async function clipOf(sha256: string): Promise<ClipRow | undefined> {
  const sql = `select clip_id, status, data from clip_states where data->>'sha256' = '${sha256}'`;
  return (await query<ClipRow>(dsn('postgres', 'homesec', POSTGRES_PASSWORD), sql).catch(() => []))[0];
}
async function comesToBeDone(sha256: string): Promise<ClipRow> {
  await waitUntil('the clip is done', async () => (await clipOf(sha256))?.status === 'done', LIMIT_MS);
  const row = await clipOf(sha256);
  if (row === undefined) throw new Error('the clip is gone');
  return row;
}

/** Clips that the spool still owes. */
async function openClips(): Promise<number> {
  const { logger } = createTestContext();
  const spool = valueOf(
    await openSpool({ dir: join(stack.volume('data'), 'spool'), role: 'observer', clock: systemClock, logger }),
  );
  const { openCount } = await spool.backlog();
  await spool.close();
  return openCount;
}

const isStored = async (uri: string, sha256: string): Promise<boolean> => {
  const bytes = await readFile(join(stack.volume('storage'), uri.replace('local:', '')));
  return createHash('sha256').update(bytes).digest('hex') === sha256;
};

/** Alerts in their first form, by clip. */
const alertsOf = (clipId: string): string[] =>
  subscriber.lines.filter((line) => /^homecam\/alerts\/Folder [01] /.test(line) && line.includes(clipId));
const alertCount = (): number => subscriber.lines.filter((line) => /^homecam\/alerts\/Folder [01] /.test(line)).length;

/** A model that thinks until it is told to answer. */
function heldAnswer(): { readonly behaviour: Behaviour; answer(): void } {
  const held: (() => void)[] = [];
  let isHeld = true;
  const reply = says(sequence());
  return {
    behaviour: (response, question) => {
      if (isHeld) held.push(() => reply(response, question));
      else reply(response, question);
    },
    answer: () => {
      isHeld = false;
      for (const send of held) send();
    },
  };
}

describe('a household on the stack of docker-compose.yml', { timeout: 3 * LIMIT_MS }, () => {
  it('makes of a video in its folder an alert, a stored clip and its history', async () => {
    // Given every service of the file, up
    expect(stack.services.filter(({ state }) => state === 'stopped')).toEqual([]);
    // When
    const sha256 = await drop('visit-1.mp4');
    const { clip_id: clipId, data } = await comesToBeDone(sha256);
    // Then
    await waitUntil('the alert', () => alertsOf(clipId).length > 0, LIMIT_MS);
    expect(alertsOf(clipId)[0]).toContain('A courier puts a parcel down and leaves.');
    expect(await isStored(data.storage_uri, sha256)).toBe(true);
  });

  it('has a Postgres of its own, and Temporal another', async () => {
    // When
    const sql = 'select datname from pg_database where not datistemplate order by datname';
    const [ours, temporals] = await Promise.all([
      query(dsn('postgres', 'homesec', POSTGRES_PASSWORD), sql),
      query(dsn('temporal-postgres', 'temporal', TEMPORAL_POSTGRES_PASSWORD), sql),
    ]);
    const intruder = query(dsn('temporal-postgres', 'temporal', POSTGRES_PASSWORD), sql);
    // Then
    expect(ours.map(({ datname }) => datname)).toEqual(['homesec', 'postgres']);
    expect(temporals.map(({ datname }) => datname)).toEqual(['postgres', 'temporal', 'temporal_visibility']);
    await expect(intruder).rejects.toThrow(/password/);
  });

  it('lets nobody on the broker who has no password', async () => {
    // When
    const stranger = subscribe(1883, '#', ['-h', stack.addressOf('mosquitto')]);
    // Then
    await expect(stranger).rejects.toThrow(/ended/);
  });

  it("uploads and alerts while HomeSec's Postgres is stopped; rows come when it is back", async () => {
    // Given
    const before = alertCount();
    await stack.stop('postgres');
    // When
    const sha256 = await drop('visit-2.mp4');
    await waitUntil('the alert', () => alertCount() > before, LIMIT_MS);
    // Then
    expect(await clipOf(sha256)).toBeUndefined();
    await stack.start('postgres');
    const { data } = await comesToBeDone(sha256);
    expect(await isStored(data.storage_uri, sha256)).toBe(true);
  });

  it('finishes a clip whose workers are all killed in the middle, with one alert', async () => {
    // Given a clip that waits for the model
    const model = heldAnswer();
    vlm.behave(model.behaviour);
    const asked = vlm.questions.length;
    const sha256 = await drop('visit-3.mp4');
    await waitUntil('the question', () => vlm.questions.length > asked, LIMIT_MS);
    // When
    for (const service of ['camera-host', 'pipeline', 'detector']) stack.kill(service);
    model.answer();
    // Then
    const { clip_id: clipId } = await comesToBeDone(sha256);
    expect(alertsOf(clipId)).toHaveLength(1);
  });

  it("finishes a clip over a kill of Temporal's server and of its Postgres, with one alert", async () => {
    // Given
    const model = heldAnswer();
    vlm.behave(model.behaviour);
    const asked = vlm.questions.length;
    const sha256 = await drop('visit-4.mp4');
    await waitUntil('the question', () => vlm.questions.length > asked, LIMIT_MS);
    // When
    stack.kill('temporal');
    stack.kill('temporal-postgres');
    model.answer();
    // Then
    const { clip_id: clipId } = await comesToBeDone(sha256);
    expect(alertsOf(clipId)).toHaveLength(1);
  });

  it('records while every server is stopped, and catches up', async () => {
    // Given
    const servers = ['temporal', 'temporal-postgres', 'postgres', 'mosquitto'];
    for (const server of servers) await stack.stop(server);
    // When
    const sha256 = await drop('visit-5.mp4');
    await waitUntil('it is sealed', async () => (await openClips()) === 1, LIMIT_MS);
    for (const server of servers.toReversed()) await stack.start(server);
    // Then
    const { data } = await comesToBeDone(sha256);
    expect(await isStored(data.storage_uri, sha256)).toBe(true);
  });
});
