import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ok } from '../../src/domain/result.ts';
import { createClipRepository } from '../../src/repository/clip-repository.ts';
import { type ClipDatabase, openClipDatabase } from '../support/clip-database.ts';
import { type ClipWorld, failing, openClipWorld, PROWLER } from '../support/clip-world.ts';
import { createConfigFolder } from '../support/config-file.ts';
import { homesec } from '../support/homesec.ts';
import { stack } from '../support/stack.ts';

let world: ClipWorld;
let home: Awaited<ReturnType<typeof createConfigFolder>>;
let database: ClipDatabase;
let config: string;
beforeAll(async () => {
  [world, home, database] = await Promise.all([openClipWorld(), createConfigFolder(), openClipDatabase()]);
  config = await home.write(
    'homesec.yaml',
    `version: 1
cameras:
  - name: Front door
    source: { backend: local_folder, config: { watch_dir: ./camera } }
storage: { backend: local, config: { root: ./storage } }
filter: { backend: yolo }
vlm: { run_mode: never, backend: openai, config: { base_url: "http://127.0.0.1:1", api_key_env: null, model: none } }
state_store: { dsn_env: CLIPS_DSN }
temporal: { address: "${stack.temporalAddress}", namespace: ${world.client.options.namespace} }
`,
  );
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const clips = (...args: readonly string[]) => homesec(['clips', ...args, '-c', config], { env: { CLIPS_DSN: database.dsn } });
const reset = (...args: readonly string[]) => clips('reset', ...args);

describe('clips show --filter', () => {
  it('shows the clips that match, also when Postgres has not heard of one yet', { timeout: 180_000 }, async () => {
    // Given
    world.scripts.upload = [failing('STORAGE_DENIED')];
    const [known, unknown] = [await world.newClip(), await world.newClip()];
    for (const clip of [known, unknown]) await world.start(clip);
    for (const clip of [known, unknown]) await world.seen(clip, 'clip_parked');
    const events = world.events.filter(({ clipId }) => clipId === known.clipId);
    await createClipRepository(database.pool).append(known.clipId, events);
    // When
    const shown = await clips('show', '--json', '--filter', 'ClipStage="upload"');
    const none = await clips('show', '--filter', 'ClipStage="nowhere"');
    // Then
    expect(JSON.parse(shown.stdout)).toEqual([
      expect.objectContaining({ state: expect.objectContaining({ clipId: known.clipId }) }),
    ]);
    expect(shown.stderr).toContain(unknown.clipId);
    expect(shown.exitCode).toBe(1);
    expect(none).toMatchObject({ stdout: 'no clip matches\n', exitCode: 0 });
    world.reset();
  });
});

describe('clips reset --filter', () => {
  it('lists the clips that match, and with --yes resets each', { timeout: 180_000 }, async () => {
    // Given two parked clips, and one that is done
    const done = await world.newClip();
    await world.start(done);
    await world.seen(done, 'clip_done');
    world.scripts.analyze = [failing('VLM_REJECTED')];
    const parked = [await world.newClip(), await world.newClip()];
    await Promise.all(parked.map((clip) => world.start(clip)));
    await Promise.all(parked.map((clip) => world.seen(clip, 'clip_parked')));
    world.scripts.analyze = [ok(PROWLER)];
    // When
    const [listed, wrong] = await Promise.all([
      reset('--to', 'vlm', '--filter', 'ClipStage="vlm"'),
      reset('--to', 'vlm', '--filter', 'ClipStatus parked'),
    ]);
    const carriedOut = await reset('--to', 'vlm', '--filter', 'ClipStage="vlm"', '--yes');
    await Promise.all(parked.map((clip) => world.seen(clip, 'clip_done')));
    // Then
    for (const { clipId } of parked) {
      expect(listed.stdout).toMatch(new RegExp(`^${clipId}  Front door  parked  vlm    VLM_REJECTED$`, 'm'));
      expect(carriedOut.stdout).toMatch(new RegExp(`^[12]/2  ${clipId}  reset to vlm$`, 'm'));
    }
    expect(listed.stdout).toContain('2 clips; nothing is done without --yes');
    expect(carriedOut.stdout).toContain('2 clips, 0 refused');
    expect(listed.stdout + carriedOut.stdout).not.toContain(done.clipId);
    expect([listed, wrong, carriedOut].map(({ exitCode }) => exitCode)).toEqual([0, 2, 0]);
  });
});
