import { createHash } from 'node:crypto';
import { copyFile, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { detectorAndVisit } from '../support/detector-and-visit.ts';
import { type CommandRun, processesIn, homesec as runHomesec } from '../support/homesec.ts';
import { type Household, openHousehold } from '../support/household.ts';
import { type Subscriber, subscribe } from '../support/mqtt-brokers.ts';
import { fails, type OpenaiServer, openOpenaiServer, says, sequence } from '../support/openai-server.ts';
import { type MediaFolder, openMediaFolder } from '../support/test-media.ts';
import { waitUntil } from '../support/wait-until.ts';

/*
 * One household with everything real but its storage's doorkeeper: folder, detector, protocol of the model server, policy,
 * broker, Postgres, Temporal. The tests are its life, in this order, since each start takes seconds.
 */

const LIMIT_MS = 120_000;
const TOPIC = 'homecam/alerts/Front door';

let house: Household;
let media: MediaFolder;
let vlm: OpenaiServer;
let subscriber: Subscriber;
let visit: string;
let modelsDir: string;

beforeAll(async () => {
  media = await openMediaFolder();
  vlm = await openOpenaiServer();
  vlm.behave(says(sequence()));
  const detector = await detectorAndVisit(media);
  ({ visit, modelsDir } = detector);
  house = await openHousehold({
    config: {
      notifiers: undefined,
      filter: { backend: 'yolo', config: { model: detector.model } },
      vlm: { backend: 'openai', config: { base_url: vlm.baseUrl, model: 'vision', api_key_env: 'HOUSE_VLM_KEY' } },
    },
    env: { HOMESEC_MODELS_DIR: modelsDir, HOMESEC_MQTT_URL: undefined, HOUSE_VLM_KEY: SECRET },
  });
  house.start();
  await waitUntil('the servers', () => house.endpoints() !== undefined, LIMIT_MS);
  subscriber = await subscribe(Number(new URL(house.endpoints()?.mqttUrl ?? '').port), 'homecam/alerts/#');
}, LIMIT_MS);

afterAll(async () => {
  await subscriber?.stop();
  await house?.[Symbol.asyncDispose]();
  await vlm?.close();
  await media?.remove();
});

const SECRET = 'sk-household-0123456789abcdef';

/** A verb for this household. No output of any may ever hold the secret. */
async function homesec(...args: string[]): Promise<CommandRun> {
  return homesecWith({}, ...args);
}
async function homesecWith(env: NodeJS.ProcessEnv, ...args: string[]): Promise<CommandRun> {
  const ran = await runHomesec([...args, '--config', join(house.dir, 'homesec.yaml')], {
    env: { HOMESEC_MODELS_DIR: modelsDir, HOUSE_VLM_KEY: SECRET, ...env },
  });
  expect(ran.stdout + ran.stderr).not.toContain(SECRET);
  return ran;
}

/** Our own processes and the servers, without what comes and goes: ffprobe, connections to Postgres. */
const lastingProcesses = async (): Promise<number[]> =>
  (await Promise.all(['main.ts', 'start-dev', 'bin/postgres'].map((words) => processesIn(house.dir, words)))).flat();

/** A visit, as a camera's own software would leave it. Each has bytes of its own. @returns its file's SHA-256. */
async function drop(name: string): Promise<string> {
  const arriving = join(house.dir, name);
  await copyFile(visit, arriving);
  await writeFile(arriving, name.padEnd(32), { flag: 'a' });
  const sha256 = createHash('sha256')
    .update(await readFile(arriving))
    .digest('hex');
  await rename(arriving, join(house.dir, 'camera', name));
  return sha256;
}

interface ClipRow {
  readonly clip_id: string;
  readonly status: string;
  readonly data: { readonly storage_uri?: string };
}
async function clipOf(sha256: string): Promise<ClipRow | undefined> {
  const rows = await house
    .query<ClipRow>(`select clip_id, status, data from clip_states where data->>'sha256' = '${sha256}'`)
    .catch(() => []);
  return rows[0];
}
/** @returns the clip's id. */
async function comesTo(status: string, sha256: string): Promise<string> {
  await waitUntil(`the clip is ${status}`, async () => (await clipOf(sha256))?.status === status, LIMIT_MS);
  return (await clipOf(sha256))?.clip_id ?? '';
}
async function eventsOf(clipId: string): Promise<string[]> {
  const rows = await house.query<{ event_type: string }>(
    `select event_type from clip_events where clip_id = '${clipId}' order by sequence`,
  );
  return rows.map(({ event_type }) => event_type);
}

/** What mosquitto_sub received for a clip. */
const received = (clipId: string): { readonly topic: string; readonly payload: Record<string, unknown> }[] =>
  subscriber.lines.flatMap((line) => {
    const [, topic = '', json = ''] = /^(.*?) [01] (\{.*)$/.exec(line) ?? [];
    return json.includes(clipId) ? [{ topic, payload: JSON.parse(json) as Record<string, unknown> }] : [];
  });

describe('a household', { timeout: 2 * LIMIT_MS }, () => {
  let seen: string;
  let parked: string;

  it('makes of a video in its folder an alert, a stored clip and its history', async () => {
    // Given
    const sha256 = await drop('visit-1.mp4');
    // When
    seen = await comesTo('done', sha256);
    // Then
    await waitUntil('the alert', () => received(seen).length > 0);
    const alerts = received(seen);
    expect(alerts.map(({ topic }) => topic)).toEqual([TOPIC]);
    expect(alerts[0]?.payload).toMatchObject({
      camera_name: 'Front door',
      clip_id: seen,
      risk_level: 'low',
      activity_type: 'normal_delivery',
      summary: 'A courier puts a parcel down and leaves.',
    });
    const [question] = vlm.questions;
    expect(question?.authorization).toBe(`Bearer ${SECRET}`);
    expect(question?.jpegs.length).toBeGreaterThan(0);
    const stored = join(house.dir, 'storage', (await clipOf(sha256))?.data.storage_uri?.replace('local:', '') ?? '');
    expect(
      createHash('sha256')
        .update(await readFile(stored))
        .digest('hex'),
    ).toBe(sha256);
    expect(new Set(await eventsOf(seen))).toEqual(
      new Set([
        ...['clip_recorded', 'upload_started', 'upload_completed', 'filter_started', 'filter_completed', 'vlm_started'],
        ...['vlm_completed', 'alert_decision_made', 'notification_sent', 'clip_done'],
      ]),
    );
    await waitUntil('the spool lets go of it', async () => (await house.openClips()) === 0);
  });

  it('lists and shows its clips, for people and for scripts', async () => {
    // When
    const [table, json, others, nobody, story, shown] = await Promise.all([
      homesec('clips', 'list'),
      homesec('clips', 'list', '--json', '--camera', 'Front door', '--status', 'done'),
      homesec('clips', 'list', '--status', 'failed', '--json'),
      homesec('clips', 'list', '--camera', 'Garden'),
      homesec('clips', 'show', seen),
      homesec('clips', 'show', seen, '--json'),
    ]);
    // Then
    expect(table.stdout.split('\n')[0]).toMatch(/^CLIP\s+CAMERA\s+RECORDED\s+STATUS\s+SEEN\s+RISK\s+ALERT$/);
    expect(table.stdout).toMatch(new RegExp(`^${seen}  Front door  .* done    person  low `, 'm'));
    expect(JSON.parse(json.stdout)).toMatchObject({ clips: [{ clipId: seen, status: 'done' }] });
    expect(JSON.parse(others.stdout)).toEqual({ clips: [] });
    expect(nobody.stdout).not.toContain(seen);
    expect(story.stdout).toMatch(/filter_completed\s+[\d.]+ m?s\s+person seen in \d+ frames? by/);
    expect(story.stdout).toContain(`/namespaces/homesec/workflows/clip-${seen}`);
    const { state, events } = JSON.parse(shown.stdout);
    expect(state).toMatchObject({ clipId: seen, status: 'done' });
    expect(events[0]).toMatchObject({ eventType: 'clip_recorded', clipId: seen });
    expect([table, json, others, nobody, story, shown].map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('parks a clip that its model refuses, tells of it all the same, and goes on when told to', async () => {
    // Given
    vlm.behave(fails(400, { message: 'no such model', code: 'model_not_found' }));
    const sha256 = await drop('visit-2.mp4');
    parked = await comesTo('parked', sha256);
    await waitUntil('an alert that nobody verified', () => received(parked).length > 0);
    // When a person looks, notes that, and has the cause mended
    const [list, doctor, acknowledged, wrongStage] = await Promise.all([
      homesec('clips', 'list', '--status', 'parked', '--json'),
      homesec('doctor', '--json'),
      homesec('clips', 'ack', parked, '--by', 'Ada'),
      homesec('clips', 'retry', parked, '--stage', 'upload'),
    ]);
    vlm.behave(says(sequence({ max_risk_level: 'high' })));
    const retried = await homesec('clips', 'retry', parked);
    await comesTo('done', sha256);
    // Then
    expect(JSON.parse(list.stdout)).toMatchObject({
      clips: [{ clipId: parked, problems: [{ stage: 'vlm', errorCode: 'VLM_REJECTED' }] }],
    });
    expect(JSON.parse(doctor.stdout)).toContainEqual(
      expect.objectContaining({ what: 'Temporal', state: 'attention', message: '1 clip is parked' }),
    );
    expect(acknowledged).toMatchObject({ exitCode: 0, stdout: 'acknowledged\n' });
    expect(wrongStage).toMatchObject({ exitCode: 1, stdout: '' });
    expect(wrongStage.stderr).toBe('stage must be one of the failed ones: vlm\n');
    expect(retried).toMatchObject({ exitCode: 0, stdout: 'retrying vlm\n' });
    expect(await eventsOf(parked)).toEqual(
      expect.arrayContaining(['vlm_failed', 'clip_parked', 'clip_acknowledged', 'stage_retried', 'vlm_completed', 'clip_done']),
    );
    await waitUntil('the update of the alert', () => received(parked).length > 1);
    expect(received(parked).map(({ topic }) => topic)).toEqual([TOPIC, `${TOPIC}/update`]);
  });

  it('processes a closed clip once more as its second generation, and alerts nobody twice', async () => {
    // Given
    const before = received(seen).length;
    vlm.behave(says(sequence({ max_risk_level: 'critical', sequence_description: 'A second look.' })));
    // When
    const retried = await homesec('clips', 'retry', seen);
    // Then
    expect(retried).toMatchObject({ exitCode: 0, stdout: 'started again as generation 2\n' });
    const again = async () =>
      (await house.query(`select 1 from clip_states where clip_id = '${seen}' and status = 'done' and data->>'generation' = '2'`))
        .length === 1;
    await waitUntil('generation 2 is done', again, LIMIT_MS);
    await waitUntil('the update of the alert', () => received(seen).length > before);
    expect(received(seen).map(({ topic }) => topic)).toEqual([TOPIC, `${TOPIC}/update`]);
    expect(received(seen).at(-1)?.payload).toMatchObject({ risk_level: 'critical', summary: 'A second look.' });
    expect(await eventsOf(seen)).toContain('clip_restarted');
  });

  it('notes who has seen a closed clip, and knows nothing of clips that are not there', async () => {
    // When
    const [acknowledged, unknown, misspelt] = await Promise.all([
      homesec('clips', 'ack', seen, '--by', 'Grace'),
      homesec('clips', 'show', '20200101T000000000Z-garden-000000000000'),
      homesec('clips', 'show', 'visit-1.mp4'),
    ]);
    const missing = await homesec('clips', 'retry', '20200101T000000000Z-garden-000000000000');
    // Then
    expect(acknowledged.exitCode).toBe(0);
    expect((await eventsOf(seen)).at(-1)).toBe('clip_acknowledged');
    expect(unknown).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('no clip is called') });
    expect(missing).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('no clip is called') });
    expect(misspelt).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('This is not a clip id') });
  });

  it('lists page by page', async () => {
    // When
    const first = await homesec('clips', 'list', '--limit', '1');
    const [, cursor = ''] = /^more: --cursor (\S+)$/m.exec(first.stdout) ?? [];
    const [second, wrong] = await Promise.all([
      homesec('clips', 'list', '--limit', '1', '--json', '--cursor', cursor),
      homesec('clips', 'list', '--cursor', 'no-cursor'),
    ]);
    // Then
    const { clips, nextCursor } = JSON.parse(second.stdout);
    expect(first.stdout).not.toContain(clips[0].clipId);
    expect(nextCursor).toBeUndefined();
    expect(wrong.exitCode).toBe(2);
  });

  it('is told by doctor that all is well, but for a file that is no video', async () => {
    // Given
    await writeFile(join(house.dir, 'camera', 'broken.mp4'), 'no video');
    // When
    let doctor = await homesec('doctor');
    await waitUntil(
      'doctor tells of the file',
      async () => {
        doctor = await homesec('doctor');
        return doctor.stdout.includes('broken.mp4');
      },
      LIMIT_MS,
    );
    // Then
    expect(doctor.exitCode).toBe(0);
    expect(doctor.stdout).not.toContain('BAD');
    expect(doctor.stdout).toMatch(/^look {2}camera Front door: .*broken\.mp4 is no clip since/m);
    for (const what of [
      'ffmpeg',
      'ffprobe',
      'Temporal',
      'Postgres',
      'storage',
      'detector',
      'vision-language model',
      'channel mqtt',
      'spool',
      'disk',
    ])
      expect(doctor.stdout).toMatch(new RegExp(`^ok {4}${what}: `, 'm'));
  });

  it('needs no migration and no set-up of Temporal, and says so', async () => {
    // When
    const [migrated, ready] = await Promise.all([homesec('migrate'), homesec('setup-temporal')]);
    // Then
    expect(migrated).toMatchObject({ exitCode: 0, stdout: 'up to date\n' });
    expect(ready.exitCode).toBe(0);
    expect(ready.stdout).toMatch(/^namespace homesec on 127\.0\.0\.1:\d+ is there$/m);
  });

  it('lets nobody else into its spool and its servers, and is not disturbed by trying', async () => {
    // Given
    const before = await lastingProcesses();
    // When
    const [second, recorder, servers] = await Promise.all([homesec('run'), homesec('record'), homesec('stack', 'up')]);
    // Then
    for (const refused of [second, recorder]) {
      expect(refused.exitCode).toBe(1);
      expect(refused.stderr).toMatch(/^another process is the recorder of the spool .*; end it first$/m);
    }
    expect(servers.exitCode).toBe(1);
    expect(servers.stderr).toMatch(/already runs in process \d+/);
    expect([second, recorder, servers].map(({ stderr }) => stderr).join('')).not.toMatch(/^\s+at /m);
    expect(before.length).toBeGreaterThan(5);
    expect(await lastingProcesses()).toEqual(before);
  });

  it('finishes the upload in hand when it is told to end, and leaves nothing running', async () => {
    // Given
    await house.hold('upload');
    const uploads = await house.calls('upload');
    const sha256 = await drop('visit-3.mp4');
    await waitUntil('the upload begins', async () => (await house.calls('upload')) > uploads, LIMIT_MS);
    // When
    const ended = house.stop();
    await house.release('upload');
    await ended;
    // Then
    expect(await processesIn(house.dir)).toEqual([]);
    house.start();
    const clipId = await comesTo('done', sha256);
    expect(await house.calls('upload')).toBe(uploads + 1);
    expect((await eventsOf(clipId)).filter((type) => type === 'upload_completed')).toHaveLength(1);
  });

  it('ends what a killed one left running when it starts again', async () => {
    // Given a worker that hangs, and so cannot see that its parent is gone
    const before = await processesIn(house.dir);
    const [hanging = 0] = await processesIn(house.dir, 'worker gpu');
    process.kill(hanging, 'SIGSTOP');
    expect(await house.kill('main.ts run')).toBe(1);
    expect(await processesIn(house.dir)).toContain(hanging);
    // When
    house.start();
    const sha256 = await drop('visit-4.mp4');
    await comesTo('done', sha256);
    // Then
    const now = await processesIn(house.dir);
    expect(now.filter((pid) => before.includes(pid))).toEqual([]);
  });

  it('answers with exit code 3 and what to do while its servers are away', async () => {
    // Given
    await house.stop();
    // When
    const away = await Promise.all([
      homesec('clips', 'list'),
      homesec('clips', 'ack', seen, '--by', 'Ada'),
      homesec('migrate'),
      homesec('setup-temporal'),
      homesecWith({ TEMPORAL_ADDRESS: '127.0.0.1:1' }, 'stack', 'down'),
    ]);
    // Then
    expect(away.map(({ exitCode }) => exitCode)).toEqual([3, 3, 3, 3, 0]);
    expect(away[0]?.stderr).toMatch(/^Postgres is not running: start `homesec run`/);
    expect(away[4]?.stdout).toBe('not running\n');
  });

  it('has its servers alone when asked for, ended from elsewhere', async () => {
    // Given
    house.start('stack', 'up');
    await waitUntil('the servers', () => house.endpoints() !== undefined, LIMIT_MS);
    // When
    const list = await homesec('clips', 'list');
    const down = await homesec('stack', 'down');
    // Then
    expect(list.stdout).toContain(seen);
    expect(down).toMatchObject({ exitCode: 0, stdout: 'ended\n' });
    expect(await processesIn(house.dir)).toEqual([]);
  });

  it('is told by doctor everything that does not work, each with its remedy', async () => {
    // Given a model server that refuses the key, no model, no ffmpeg and no server
    vlm.listModels(401);
    // When
    const doctor = await homesecWith({ PATH: '/nowhere', HOMESEC_MODELS_DIR: media.file('none') }, 'doctor');
    // Then
    expect(doctor.exitCode).toBe(1);
    const remedies = [
      ['ffmpeg', /Install ffmpeg/],
      ['ffprobe', /Install ffmpeg/],
      ['Temporal', /Start `homesec run`/],
      ['Postgres', /Start `homesec run`/],
      ['detector', /homesec models pull/],
      ['vision-language model', /API key/],
      ['channel mqtt', /broker|variable/],
    ] as const;
    const lines = doctor.stdout.split('\n');
    for (const [what, remedy] of remedies) {
      const at = lines.findIndex((line) => line.startsWith(`BAD   ${what}: `));
      expect(`${what}: ${lines[at + 1]}`).toMatch(remedy);
    }
    expect(doctor.stdout).toMatch(/^look {2}camera Front door: is not recorded by this machine now$/m);
  });
});
