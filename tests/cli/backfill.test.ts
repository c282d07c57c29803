import { execFile } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ClipEvent } from '../../src/domain/events.ts';
import { createAnalysisRuns } from '../../src/repository/analysis-runs.ts';
import { createClipRepository } from '../../src/repository/clip-repository.ts';
import { type ClipDatabase, openClipDatabase } from '../support/clip-database.ts';
import { ANALYSIS_RESULT, createStory, FILTER_RESULT } from '../support/clip-story.ts';
import { createConfigFolder } from '../support/config-file.ts';
import { homesec } from '../support/homesec.ts';
import { makeClip } from '../support/made-clip.ts';
import { valueOf } from '../support/value-of.ts';

const CONFIG = `version: 1
cameras:
  - name: Front door
    source: { backend: local_folder, config: { watch_dir: ./camera } }
storage: { backend: local, config: { root: ./storage } }
state_store: { dsn_env: BACKFILL_DSN }
filter: { backend: yolo }
vlm: { backend: openai, config: { base_url: "http://127.0.0.1:1", api_key_env: null, model: none } }
`;
const HOSTILE = '<script>alert("of a model")</script>';

let database: ClipDatabase;
let home: Awaited<ReturnType<typeof createConfigFolder>>;
let config: string;
/** A backfill over one clip, in which the model saw something worse. */
beforeAll(async () => {
  database = await openClipDatabase();
  home = await createConfigFolder();
  config = await home.write('homesec.yaml', CONFIG);
  const { path, durationMs } = await makeClip(home.folder, 3_000);
  const story = createStory({ cameraName: '<i>Yard</i>' });
  const file = { localPath: path, durationMs, sizeBytes: (await stat(path)).size };
  const recorded = { ...story.recorded(), ...file } as ClipEvent;
  valueOf(await createClipRepository(database.pool).append(story.clipId, [recorded]));
  const run = {
    ...({ batch: 'try', clipId: story.clipId, outcome: 'done', configHashes: {}, told: false } as const),
    before: { filterResult: FILTER_RESULT, decision: { notify: false, notifyReason: 'below_threshold' } },
    after: {
      filterResult: { ...FILTER_RESULT, detectedClasses: ['person', '=car'] },
      analysisResult: { ...ANALYSIS_RESULT, summary: HOSTILE },
      decision: { notify: true, notifyReason: '=risk_level, "high"' },
    },
  };
  valueOf(await createAnalysisRuns(database.pool).record(run));
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const backfill = (...args: string[]) =>
  homesec(['backfill', ...args, '-c', config], { env: { BACKFILL_DSN: database.dsn }, cwd: home.folder });

it('tells the difference as one page that is whole by itself, with pictures, and harmless', async () => {
  // Given a backfill, and words of a model that would be a script
  // When its page is made, into a file named from where the owner is
  const { exitCode, stderr } = await backfill('diff', 'try', '--format', 'html', '-o', 'page.html');
  // Then
  expect([exitCode, stderr]).toEqual([0, '']);
  const page = await readFile(join(home.folder, 'page.html'), 'utf8');
  expect(page).toContain('would alert now');
  expect(page).toMatch(/src="data:image\/jpeg;base64,[\w+/=]{1000,}"/);
  expect(page).toContain('&lt;script&gt;alert(&quot;of a model&quot;)&lt;/script&gt;');
  expect(page).toContain('&lt;i&gt;Yard&lt;/i&gt;');
  expect(page).not.toMatch(/<script|<i>|https?:|src="(?!data:)/);
});

it('shows on the page the frame and the box of what tells most', async () => {
  // Given a dog that the former model saw at the left edge, and the new one does not
  const { stdout } = await backfill('diff', 'try', '--format', 'html');
  const jpeg = /data:image\/jpeg;base64,([\w+/=]+)/.exec(stdout)?.[1] ?? '';
  await writeFile(join(home.folder, 'dog.jpg'), Buffer.from(jpeg, 'base64'));
  // When
  const decode = ['-v', 'error', '-i', join(home.folder, 'dog.jpg'), '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'];
  const pixels = await promisify(execFile)('ffmpeg', decode, { encoding: 'buffer', maxBuffer: 1_000_000 });
  const at = (x: number, y: number) => [...pixels.stdout.subarray((y * 320 + x) * 3).subarray(0, 3)];
  const isNear = (colour: readonly number[], other: readonly number[]) =>
    colour.every((part, index) => Math.abs(part - (other[index] ?? 0)) < 50);
  // Then its box is drawn, from 90 to 126 of 180 lines, and the paper of its words above it
  const orange = [232, 153, 0];
  expect([at(1, 100), at(16, 91), at(31, 100), at(16, 125)].map((pixel) => isNear(pixel, orange))).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(isNear(at(2, 70), [255, 255, 255])).toBe(true);
});

it('points at what triggers, where nothing came or went', async () => {
  // Given a clip in which the dog is seen better than the person
  const found = { filterResult: { ...FILTER_RESULT, detections: FILTER_RESULT.detections.toReversed() } };
  const run = { batch: 'same', clipId: createStory().clipId, outcome: 'done', configHashes: {}, told: false } as const;
  valueOf(await createAnalysisRuns(database.pool).record({ ...run, before: found, after: found }));
  // When
  const { stdout } = await backfill('diff', 'same', '--all', '--format', 'json');
  // Then
  expect(JSON.parse(stdout)).toMatchObject({ clips: [{ detection: { className: 'person' } }] });
});

it('tells it as table, and as CSV in which no cell is a formula', async () => {
  // Given, When
  const [table, csv] = await Promise.all([backfill('diff', 'try'), backfill('diff', 'try', '--format', 'csv')]);
  // Then
  expect(table.stdout).toMatch(/  =car +dog +none > high +would now +below_threshold > =risk_level/);
  expect(table.stdout).toContain('1 would alert now, 0 would not any more');
  const [header, row] = csv.stdout.split('\r\n');
  expect(header).toBe('CLIP,NEWLY SEEN,NO LONGER,RISK,ALERT,WHY');
  expect(row).toMatch(/-front-door-|-yard-|-i-yard-i-/);
  expect(row).toContain(`,"below_threshold > =risk_level, ""high"""`);
  expect(row).toContain(",'=car,dog,");
});

it('refuses settings that a plugin does not take, before anything is started', async () => {
  // Given, When
  const ran = await backfill('start', '--filter-config', 'modle=other', '--vlm-config', 'max_frames=0');
  const absent = await backfill('start', '--filter-config', 'overrides.Nowhere.min_hits=2');
  // Then
  expect(ran.exitCode).toBe(2);
  expect(ran.stderr).toMatch(/filter\.config\.modle: is not a known key; did you mean model/);
  expect(ran.stderr).toMatch(/vlm\.config\.max_frames: /);
  expect(absent.stderr).toMatch(/filter\.config\.overrides\.Nowhere: No camera has this name, [^.]*; Use the name/);
});

it('refuses what `validate` refuses where it stands in the file, in the same words', async () => {
  // Given cameras, classes and activities that there are not, in the file and on the command line
  const file = await home.write(
    'wrong/homesec.yaml',
    `${CONFIG.replace('{ backend: yolo }', '{ backend: yolo, config: { classes: [persn] } }').replace(
      'model: none',
      'model: none, camera_context: { Frnt door: x }',
    )}alert_policy: { config: { notify_on_activity_types: [passerbi], overrides: { Yard: { cool_down_s: 5 } } } }\n`,
  );
  const policy = ['--policy-config', 'notify_on_activity_types=[passerbi]', '--policy-config', 'overrides.Yard.cool_down_s=5'];
  const others = ['--filter-config', 'classes=[persn]', '--vlm-config', 'camera_context.Frnt door=x'];
  // When
  const [validated, started] = await Promise.all([
    homesec(['validate', '-c', file], { cwd: home.folder }),
    backfill('start', ...policy, ...others, '--dry-run'),
  ]);
  // Then
  const problems = (text: string) =>
    text
      .replaceAll(/ \(line \d+\)/g, '')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line.includes('.config.'))
      .toSorted();
  expect(started.exitCode).toBe(2);
  expect(problems(started.stderr)).toHaveLength(4);
  expect(problems(started.stderr)).toEqual(problems(validated.stdout));
  expect(started.stderr).toContain('alert_policy.config.notify_on_activity_types[0]: The configured analyzer never answers');
});

it('starts nothing over no clip at all', async () => {
  // Given, When
  const ran = await backfill('start', '--camera', 'nowhere');
  // Then
  expect(ran).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('no clip is chosen') });
});

it('reads a prompt from where the owner is', async () => {
  // Given a file beside the owner, and a configuration in another folder
  const elsewhere = await home.write('below/homesec.yaml', CONFIG);
  await writeFile(join(home.folder, 'prompt.txt'), 'Say what you see.');
  const options = { env: { BACKFILL_DSN: database.dsn }, cwd: home.folder };
  // When
  const args = ['backfill', 'start', '--prompt-file', 'prompt.txt', '--dry-run', '--json', '-c', elsewhere];
  const { exitCode, stderr } = await homesec(args, options);
  // Then
  expect([exitCode, stderr]).toEqual([0, '']);
});

it('knows a name that no backfill has', async () => {
  // Given, When
  const ran = await backfill('promote', 'tyr');
  // Then
  expect(ran).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringContaining('homesec backfill list') });
});

it('says beforehand that a model is not here', async () => {
  // Given, When
  const [other, json, policyOnly] = await Promise.all([
    backfill('start', '--filter-model', 'nowhere', '--dry-run'),
    backfill('start', '--filter-model', 'nowhere', '--dry-run', '--json'),
    backfill('start', '--dry-run'),
  ]);
  // Then
  expect(other.exitCode).toBe(0);
  expect(other.stdout).toMatch(/^detector: the model nowhere is not installed.* \(as seen from this machine\)$/m);
  expect(JSON.parse(json.stdout)).toMatchObject({
    detectorProblem: expect.stringContaining('the model nowhere is not installed'),
  });
  expect(policyOnly.stdout).not.toContain('detector');
});

it('says what a backfill would take, without Temporal', async () => {
  // Given another class to look for, and one that triggers nothing
  const args = ['--filter-config', 'classes=[car]', '--dry-run', '--json'];
  // When
  const ran = await backfill('start', ...args);
  // Then
  expect(JSON.parse(ran.stdout)).toMatchObject({ clips: 1, fetchClips: 0, fetchBytes: 0, described: 0 });
});
