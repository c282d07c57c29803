import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { homesec } from '../support/homesec.ts';
import { openTestCamera, type TestCamera } from '../support/rtsp-camera.ts';
import { type MediaFolder, openMediaFolder } from '../support/test-media.ts';

let media: MediaFolder;
let video: string;
let dir: string;
beforeAll(async () => {
  media = await openMediaFolder();
  video = await media.clip('busy.mp4', 'testsrc2=s=640x360:r=10:d=12');
  dir = await mkdtemp(join(tmpdir(), 'homesec-camera-test-'));
});
afterAll(async () => {
  await media.remove();
  await rm(dir, { recursive: true });
});

const openCamera = (): Promise<TestCamera> => openTestCamera({ video, loop: true, audio: 'pcma' });

interface Answer {
  readonly exitCode: number;
  readonly lines: readonly string[];
  readonly stderr: string;
}

/** `homesec cameras test` of a household with this one camera. */
async function test(config: object, name = 'Front Door'): Promise<Answer> {
  const file = join(await mkdtemp(join(dir, 'house-')), 'homesec.yaml');
  const household = {
    version: 1,
    cameras: [{ name: 'Front Door', source: { backend: 'rtsp', config } }],
    storage: { backend: 'local', config: { root: './storage' } },
    filter: { backend: 'yolo' },
    vlm: { backend: 'openai', run_mode: 'never', config: { model: 'none' } },
  };
  await writeFile(file, stringify(household), { mode: 0o600 });
  const { exitCode, stdout, stderr } = await homesec(['cameras', 'test', name, '--config', file]);
  return { exitCode, lines: stdout.trim().split('\n'), stderr };
}

describe.concurrent('homesec cameras test', () => {
  it('says that a camera works, what it sends, and that a recording of it plays', async () => {
    // Given
    await using camera = await openCamera();
    // When
    const { exitCode, lines } = await test({ rtsp_url: camera.mainUrl, detect_rtsp_url: camera.subUrl });
    // Then
    expect(exitCode).toBe(0);
    expect(lines).toEqual([
      'ok    main stream: h264 640x360 at 10 frames/s, audio: pcm_alaw',
      expect.stringMatching(/^ok {4}detect stream: h264 \d+x\d+ at 10 frames\/s, audio: pcm_alaw$/),
      expect.stringMatching(/^ok {4}recording: \d\.\d s that play, with sound \(made AAC\)$/),
      expect.stringMatching(/^ok {4}both at once: work: \d+ pictures for motion meanwhile$/),
    ]);
  });

  it('says that one connection has to do where the camera allows no second one, which is nothing bad', async () => {
    // Given
    await using camera = await openCamera();
    camera.maxSessions(1);
    // When
    const { exitCode, lines } = await test({ rtsp_url: camera.mainUrl, detect_rtsp_url: camera.subUrl });
    // Then
    expect(exitCode).toBe(0);
    expect(lines.join('\n')).toContain('look  both at once: do not work: the detect stream has no connection left');
  });

  it('says that a clock which stands still stumbles, and what to set', async () => {
    // Given
    await using camera = await openCamera();
    camera.badTimestamps('constant');
    // When
    const { lines } = await test({ rtsp_url: camera.mainUrl, stream: { sessions: 'one' } });
    // Then
    expect(lines.join('\n')).toContain('set stream.timestamps to arrival');
  });

  it('says why a camera cannot be recorded, and ends with 1', async () => {
    // Given a camera that refuses everybody, and one that is not there
    await using strict = await openCamera();
    await using gone = await openCamera();
    strict.unauthorized(true);
    gone.refuse(true);
    // When
    const [refused, absent] = await Promise.all([test({ rtsp_url: strict.mainUrl }), test({ rtsp_url: gone.mainUrl })]);
    // Then
    expect(refused).toMatchObject({ exitCode: 1 });
    expect(refused.lines[0]).toBe('BAD   main stream: refuses user and password: see username and password_env');
    expect(absent).toMatchObject({ exitCode: 1 });
    expect(absent.lines[0]).toContain('BAD   main stream: does not answer');
  });

  it('helps with a name that no camera has', async () => {
    // Given, When
    const { exitCode, stderr } = await test({ rtsp_url: 'rtsp://127.0.0.1:1/x' }, 'Frnt Door');
    // Then
    expect(exitCode).toBe(1);
    expect(stderr).toContain('did you mean Front Door?');
  });
});
