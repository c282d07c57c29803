import { existsSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DataDir, makeDataDir } from '../support/data-dir.ts';
import { homesec, processesIn } from '../support/homesec.ts';
import { NPM_FROM_CACHE } from '../support/model-pull.ts';
import { REPOSITORY } from '../support/run-tool.ts';
import { footage, type MediaFolder, makeMedia, openMediaFolder } from '../support/test-media.ts';

const LIMIT_MS = 400_000;

let media: MediaFolder;
let folder: DataDir;
let cache: string;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  media = await openMediaFolder();
  folder = makeDataDir();
  cache = join(folder.path, 'cache');
  await mkdir(media.file('home'));
  const noModelService = { OPENAI_API_KEY: undefined, OPENAI_BASE_URL: undefined };
  env = {
    ...NPM_FROM_CACHE,
    ...noModelService,
    HOME: media.file('home'),
    HOMESEC_MODELS_DIR: undefined,
    HOMESEC_MQTT_URL: undefined,
  };
  // The converted model of an earlier demo in this checkout saves its download.
  const models = join(REPOSITORY, '.cache/models/centernet_mbv3');
  if (existsSync(models)) await cp(models, join(cache, 'models/centernet_mbv3'), { recursive: true });
});
afterAll(async () => {
  await media.remove();
  folder[Symbol.dispose]();
});

/** Some seconds of a person, or of a test picture in which the detector sees nothing. */
async function makeVisit(): Promise<{ readonly path: string; readonly isSeen: boolean }> {
  const people = footage('one-by-one-person-detection.mp4');
  if (people === undefined) return { path: await media.clip('visit.mkv', 'testsrc2=d=4:r=10:s=320x180'), isSeen: false };
  const path = media.file('visit.mkv');
  await makeMedia(['-ss', '8', '-i', people, '-t', '4', '-an', '-preset', 'ultrafast', path]);
  return { path, isSeen: true };
}

describe('the demo', () => {
  it('tells the whole story of a video and leaves nothing running', { timeout: LIMIT_MS }, async () => {
    // Given a demo before it that was killed with its servers running
    const visit = await makeVisit();
    const endWith = { signal: 'SIGKILL', after: 'lies in the watched folder' } as const;
    await expect(homesec(['demo', visit.path, '--cache', cache], { env, endWith, limitMs: LIMIT_MS })).rejects.toThrow('SIGKILL');
    expect(await processesIn(folder.path, 'postgres')).not.toEqual([]);
    // When
    const { exitCode, stdout, stderr } = await homesec(['demo', visit.path, '--cache', cache], { env, limitMs: LIMIT_MS });
    // Then
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^ {2}temporal +serves on .* its UI on http/m);
    expect(stdout).toMatch(/^Watch it in Temporal: http:\/\/127\.0\.0\.1:\d+\/namespaces\/homesec\/workflows$/m);
    for (const stage of ['upload_completed', 'filter_completed']) expect(stdout).toMatch(new RegExp(`${stage} +[\\d.]+ m?s  `));
    expect(stdout).toContain('In Postgres, table clip_states');
    expect(stdout).toMatch(/^ {2}\d{8}T\d{9}Z-front-door-[0-9a-f]{12} +done /m);
    if (visit.isSeen) {
      expect(stdout).toMatch(/^ +person 0\.\d+ at [\d.]+ s, box: x \d+ %, y \d+ %, width \d+ %, height \d+ %$/m);
      expect(stdout).toMatch(/ALERT received over MQTT on homecam\/alerts\/Front door\n(.*\n)*? {4}summary +Stand-in answer/);
      expect(stdout).toMatch(/1 message, the first [\d.]+ m?s after the clip was sealed/);
    }
    expect(stdout).not.toContain('\u001b[');
    expect(await processesIn(folder.path)).toEqual([]);
  });

  it('of a file that is not there, or no video, says so at once', async () => {
    // Given
    const text = media.file('text.mp4');
    await writeFile(text, 'not a video');
    // When
    const [missing, broken] = await Promise.all([
      homesec(['demo', media.file('none.mp4'), '--cache', cache], { env }),
      homesec(['demo', text, '--cache', cache], { env }),
    ]);
    // Then
    expect(missing).toMatchObject({
      exitCode: 1,
      stderr: `CLIP: there is no file ${media.file('none.mp4')}. Give the path of a video.\n`,
    });
    expect(broken).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^CLIP: .*text\.mp4.*\. Give the path of a video\.\n$/),
    });
  });

  it('without footage and without apt asks for a video', async () => {
    // When
    const ran = await homesec(['demo', '--cache', media.file('empty')], { env: { ...env, PATH: '/nowhere' } });
    // Then
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toMatch(/^There is no footage to show: .*apt-get/);
    expect(ran.stderr).toContain('make demo CLIP=path/to/video.mp4');
    expect(ran.stderr).not.toMatch(/^\s+at /m);
  });
});
