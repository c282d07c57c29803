import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createConfigFolder } from '../support/config-file.ts';
import { homesec } from '../support/homesec.ts';
import { type MediaFolder, makeMedia, openMediaFolder } from '../support/test-media.ts';

const CONFIG = `version: 1
cameras:
  - name: Yard
    source:
      backend: rtsp
      config:
        rtsp_url: rtsp://127.0.0.1:1/yard
        recording: { pre_roll_s: 0, stop_delay_s: 2 }
        motion: { min_area_pct: 1, zones: [[[0.5, 0], [1, 0], [1, 1], [0.5, 1]]] }
  - name: Folder
    source: { backend: local_folder, config: { watch_dir: ./camera } }
storage: { backend: local, config: { root: ./storage } }
filter: { backend: yolo }
vlm: { backend: openai, config: { base_url: "http://127.0.0.1:1", api_key_env: null, model: none } }
`;

let home: Awaited<ReturnType<typeof createConfigFolder>>;
let media: MediaFolder;
let video: string;
let config: string;
beforeAll(async () => {
  home = await createConfigFolder();
  media = await openMediaFolder();
  // Twenty seconds of a wall that is bright and dark, past which a white box goes from second 8 to 12, from left to right.
  const box = "color=white:s=40x90:r=10:d=20[box];[wall][box]overlay=x='(t-8)*160':y=120:enable='between(t,8,12)'";
  video = await media.clip('walk.mp4', `color=0x404040:s=640x360:r=10:d=20,drawgrid=w=80:h=60:t=8:c=0x707070[wall];${box}`);
  config = await home.write('homesec.yaml', CONFIG);
});
afterAll(async () => {
  await media.remove();
  await home[Symbol.asyncDispose]();
});

const TIMES = ['--pre-roll', '2', '--stop-delay', '1'];

describe('homesec cameras motion', () => {
  it('tells when it would have recorded, without any configuration', async () => {
    // Given
    // When
    const [ran, json] = await Promise.all([
      homesec(['cameras', 'motion', video, ...TIMES]),
      homesec(['cameras', 'motion', video, ...TIMES, '--json']),
    ]);
    // Then
    expect({ exitCode: ran.exitCode, stderr: ran.stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(ran.stdout).toMatch(/^START +END +LENGTH +PEAK\n0:06\.\d +0:1[23]\.\d +6\.\d s +\d\.\d %\n/);
    const report = JSON.parse(json.stdout);
    expect(report).toMatchObject({ file: video, rules: { preRollMs: 2_000, stopDelayMs: 1_000 }, lightChangesAtMs: [] });
    expect(report.recordings).toHaveLength(1);
    const [{ startMs, endMs, peakShare }] = report.recordings;
    expect(startMs).toBeGreaterThanOrEqual(6_200);
    expect(startMs).toBeLessThanOrEqual(6_800);
    expect(endMs).toBeGreaterThanOrEqual(12_500);
    expect(endMs).toBeLessThanOrEqual(13_200);
    expect(peakShare).toBeGreaterThan(0.008);
  });

  it('takes zones and times of a configured camera, from anywhere', async () => {
    // Given a camera that sees the right half only, which the box reaches at second 9.9
    // When
    const args = ['-c', config, 'cameras', 'motion', 'walk.mp4', '--camera', 'Yard', '--json'];
    const [own, given] = await Promise.all([
      homesec(args, { cwd: media.file('.') }),
      homesec([...args, '--stop-delay', '4'], { cwd: media.file('.') }),
    ]);
    // Then
    const [ownSpan, givenSpan] = [own, given].map(({ stdout }) => JSON.parse(stdout).recordings[0]);
    expect(ownSpan.startMs).toBeGreaterThanOrEqual(9_800);
    expect(ownSpan.startMs).toBeLessThanOrEqual(10_800);
    expect(givenSpan.endMs - ownSpan.endMs).toBe(2_000);
  });

  it('draws a picture of it', async () => {
    // Given
    const png = media.file('motion.png');
    // When
    const ran = await homesec(['cameras', 'motion', video, ...TIMES, '--png', 'motion.png'], { cwd: media.file('.') });
    // Then it is a picture that others can read, with the recording's colour over the third of the time that it takes
    expect(ran.exitCode).toBe(0);
    expect((await readFile(png)).subarray(1, 4).toString('latin1')).toBe('PNG');
    await makeMedia(['-i', png, '-pix_fmt', 'rgb24', '-f', 'rawvideo', media.file('motion.rgb')]);
    const rgb = await readFile(media.file('motion.rgb'));
    const width = 1600;
    const row = Array.from({ length: width }, (_, x) =>
      rgb.subarray((64 * width + x) * 3, (64 * width + x) * 3 + 3).toString('hex'),
    );
    const shaded = row.flatMap((colour, x) => (colour === 'cde2fa' ? [x] : []));
    expect((shaded.at(-1) ?? 0) - (shaded[0] ?? 0)).toBeGreaterThan(1_500 * 0.3);
    expect((shaded.at(-1) ?? 0) - (shaded[0] ?? 0)).toBeLessThan(1_500 * 0.38);
  });

  it('says so when nothing would have been recorded, and what it would have taken', async () => {
    // Given
    const still = await media.clip('still.mp4', 'color=gray:s=320x180:r=5:d=4');
    // When
    const ran = await homesec(['cameras', 'motion', still]);
    // Then
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout).toMatch(/^nothing would have been recorded\n\nup to 0\.0 % .* 0\.8 % begin a recording/);
  });

  it.each([
    [['cameras', 'motion', 'none.mp4'], 1, /none\.mp4/],
    [['cameras', 'motion', 'walk.mp4', '--pre-roll', 'soon'], 2, /Give a number of seconds/],
    [['cameras', 'motion', 'walk.mp4', '--sensitivity', 'some'], 2, /Allowed choices are low, medium, high/],
    [['cameras', 'motion', 'walk.mp4', '--sensitivity', 'low', '--camera', 'Yard'], 2, /cannot be used with/],
    [['cameras', 'motion', 'walk.mp4', '--png', 'no/such/folder.png'], 1, /folder\.png/],
    [['cameras', 'motion', 'walk.mp4', '--camera', 'Yrad'], 1, /no camera is called Yrad; did you mean Yard\?/],
    [
      ['cameras', 'motion', 'walk.mp4', '--camera', 'Folder'],
      1,
      /camera Folder does not look for motion: its source is local_folder/,
    ],
  ])('%j ends with %d and says why', async (args, exitCode, words) => {
    // Given
    const env = { HOMESEC_CONFIG: config };
    // When
    const ran = await homesec(args, { cwd: media.file('.'), env });
    // Then
    expect(ran.stderr).toMatch(words);
    expect(ran.stderr).not.toMatch(/^ +at .*\.ts:\d/m);
    expect({ exitCode: ran.exitCode, stdout: ran.stdout }).toEqual({ exitCode, stdout: '' });
  });
});
