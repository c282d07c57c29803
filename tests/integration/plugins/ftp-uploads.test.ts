import { mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { livingMediaProcesses } from '../../../src/media/media-process.ts';
import { logIn, pictureOf, runClient, speakRaw, uploadBytes } from '../../support/ftp-cameras.ts';
import { type FtpHouse, openFtpHouse } from '../../support/ftp-house.ts';
import { makeMedia } from '../../support/test-media.ts';
import { createTlsFiles } from '../../support/tls-files.ts';
import { waitUntil } from '../../support/wait-until.ts';

describe('uploads over FTP', () => {
  let house: FtpHouse;
  beforeEach(async () => {
    house = await openFtpHouse();
  });
  afterEach(async () => {
    await house[Symbol.asyncDispose]();
    expect(livingMediaProcesses()).toBe(0);
  });
  const put = async (path: string, bytes: Uint8Array): Promise<void> => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  };

  test('become clips, each once, and the camera’s folder is empty again', async () => {
    // Given
    const camera = await house.begin();
    using client = disposable(await logIn(house.port));
    // When
    await uploadBytes(client.value, house.video, 'one.mp4');
    await client.value.ensureDir('/2026/11/26');
    await uploadBytes(client.value, house.video, 'two.mp4');
    const clips = await house.clips(2);
    // Then
    expect(clips.map(({ cameraName, sourceBackend, durationMs }) => [cameraName, sourceBackend, durationMs])).toEqual([
      ['Front Door', 'ftp', 400],
      ['Front Door', 'ftp', 400],
    ]);
    await waitUntil('the folder to be empty', async () => (await house.files()).length === 0);
    expect(camera.source.status()).toEqual({ state: 'watching', message: expect.stringMatching(/^last login 20/), problems: [] });
  });

  test('of many cameras at once come through one server, each into its own folder', async () => {
    // Given
    await house.begin();
    await house.begin({ user: 'garden' }, 'Garden');
    // When thirty at once
    const uploads = Array.from({ length: 30 }, async (_, index) => {
      using client = disposable(await logIn(house.port, { user: index % 2 === 0 ? 'front' : 'garden' }));
      await uploadBytes(client.value, Buffer.concat([house.video, Buffer.from(`${index}`)]), `clip-${index}.mp4`);
    });
    await Promise.all(uploads);
    const clips = await house.clips(30);
    // Then
    expect(clips).toHaveLength(30);
    expect(clips.filter(({ cameraName }) => cameraName === 'Garden')).toHaveLength(15);
    expect(new Set(clips.map(({ sha256 }) => sha256)).size).toBe(30);
  });

  test.each([
    ['passive', []],
    ['extended passive off', ['--disable-epsv']],
    ['active', ['--ftp-port', '127.0.0.1', '--disable-eprt']],
    ['extended active', ['--ftp-port', '127.0.0.1']],
  ])('by curl work: %s', async (_mode, options) => {
    // Given
    await house.begin();
    await put(join(house.dir, 'out.mp4'), house.video);
    // When
    const url = `ftp://front:secret@127.0.0.1:${house.port}/day/out.mp4`;
    await runClient('curl', ['-sS', '--ftp-create-dirs', ...options, '-T', join(house.dir, 'out.mp4'), url]);
    // Then
    const [clip] = await house.clips(1);
    expect(clip?.sizeBytes).toBe(house.video.length);
  });

  test('by lftp work, which writes under another name and renames', async () => {
    // Given
    await house.begin();
    await put(join(house.dir, 'out.mp4'), house.video);
    const commands = [
      'set xfer:use-temp-file yes',
      'set xfer:temp-file-name *.tmp',
      `open -u front,secret ftp://127.0.0.1:${house.port}`,
      'mkdir -p a/b',
      `put -O a/b ${join(house.dir, 'out.mp4')}`,
    ];
    // When
    await runClient('lftp', ['-e', `${commands.join('; ')}; bye`]);
    // Then
    const [clip] = await house.clips(1);
    expect(clip?.sizeBytes).toBe(house.video.length);
  });

  test.each(['basic-ftp', 'curl', 'lftp'])('encrypted by %s work where nothing else is allowed', async (tool) => {
    // Given
    const { caFile, certFile, keyFile } = createTlsFiles(house.dir, 'ftp', 'IP:127.0.0.1');
    await house.begin({ tls: { cert_file: certFile, key_file: keyFile, required: true } });
    const path = join(house.dir, 'out.mp4');
    await put(path, house.video);
    const url = `ftp://front:secret@127.0.0.1:${house.port}/`;
    // When
    if (tool === 'curl') await runClient('curl', ['-sS', '--ssl-reqd', '--cacert', caFile, '-T', path, url]);
    else if (tool === 'lftp') {
      const settings = `set ssl:ca-file ${caFile}; set ftp:ssl-force yes; set ftp:ssl-protect-data yes`;
      await runClient('lftp', ['-e', `${settings}; open ${url}; put ${path}; bye`]);
    } else {
      const secureOptions = { ca: await readFile(caFile) };
      using client = disposable(await logIn(house.port, { secure: true, secureOptions }));
      await uploadBytes(client.value, house.video, 'out.mp4');
    }
    const inTheClear = await logIn(house.port).catch(String);
    // Then
    const [clip] = await house.clips(1);
    expect(clip?.sizeBytes).toBe(house.video.length);
    expect(inTheClear).toContain('522');
  });

  test('that are appended to in parts are one clip', async () => {
    // Given
    await house.begin({ settle_s: 0.5 });
    const half = Math.floor(house.video.length / 2);
    using client = disposable(await logIn(house.port));
    // When
    await uploadBytes(client.value, house.video.subarray(0, half), 'one.mp4');
    await put(join(house.dir, 'rest'), house.video.subarray(half));
    await client.value.appendFrom(join(house.dir, 'rest'), 'one.mp4');
    // Then
    const clips = await house.clips(1);
    expect(clips.map(({ sizeBytes }) => sizeBytes)).toEqual([house.video.length]);
  });

  test('that are renamed when they are complete are taken under the last name', async () => {
    // Given
    await house.begin();
    using client = disposable(await logIn(house.port));
    // When
    await uploadBytes(client.value, house.video, 'one.tmp');
    const sizeBytes = await client.value.size('one.tmp');
    await client.value.rename('one.tmp', 'day/one.mp4');
    // Then
    await house.clips(1);
    expect(sizeBytes).toBe(house.video.length);
    await waitUntil('the folder to be empty', async () => (await house.files()).length === 0);
  });

  test('cut off are kept, told, and replaced by the same file sent again; complete ones are never written over', async () => {
    // Given a video that can be read from its beginning
    const camera = await house.begin();
    const path = join(house.dir, 'fast.mp4');
    const graph = ['-f', 'lavfi', '-i', 'testsrc2=d=4:r=10:s=320x180'];
    await makeMedia([...graph, '-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-movflags', '+faststart', path]);
    const video = await readFile(path);
    using client = disposable(await logIn(house.port));
    // When FTP cannot know
    await uploadBytes(client.value, video.subarray(0, Math.floor(video.length * 0.6)), 'one.mp4');
    await waitUntil('the problem', () => camera.source.status().problems.length > 0);
    const [problem] = camera.source.status().problems;
    const kept = await house.files();
    await uploadBytes(client.value, video, 'one.mp4');
    // Then
    const clips = await house.clips(1);
    expect(problem?.message).toContain('is cut off');
    expect(kept).toEqual(['uploads/one.mp4']);
    expect(clips.map(({ sizeBytes }) => sizeBytes)).toEqual([video.length]);
    await waitUntil('no file to be left', async () => (await house.files()).length === 0);
    await waitUntil('no problem to be left', () => camera.source.status().problems.length === 0);
  });

  test('two of one name in quick succession are two clips, and one sent twice is one', async () => {
    // Given
    await house.begin({ settle_s: 0.5 });
    using client = disposable(await logIn(house.port));
    // When
    for (const ending of ['a', 'a', 'b'])
      await uploadBytes(client.value, Buffer.concat([house.video, Buffer.from(ending)]), 'latest.mp4');
    // Then
    await waitUntil('the folder to be empty', async () => (await house.files()).length === 0);
    const clips = await house.clips(2);
    expect(new Set(clips.map(({ sha256 }) => sha256)).size).toBe(2);
    expect(clips).toHaveLength(2);
  });

  test('sent again after they were taken are no second clip', async () => {
    // Given
    await house.begin();
    using client = disposable(await logIn(house.port));
    await uploadBytes(client.value, house.video, 'one.mp4');
    await house.clips(1);
    // When
    await uploadBytes(client.value, house.video, 'one.mp4');
    await waitUntil('the folder to be empty', async () => (await house.files()).length === 0);
    await uploadBytes(client.value, Buffer.concat([house.video, Buffer.from('2')]), 'one.mp4');
    // Then
    const clips = await house.clips(2);
    expect(clips.map(({ sizeBytes }) => sizeBytes)).toEqual([house.video.length, house.video.length + 1]);
  });

  test('that broke off can be taken up where they ended', async () => {
    // Given
    const camera = await house.begin({ resume_wait_s: 60 });
    const half = Math.floor(house.video.length / 2);
    await breakOff(house, 'one.mp4', house.video.subarray(0, half));
    await waitUntil('the wait to be told', () => camera.source.status().problems.length > 0);
    const [problem] = camera.source.status().problems;
    // When
    using client = disposable(await logIn(house.port));
    const sizeBytes = await client.value.size('one.mp4');
    await client.value.send(`REST ${half}`);
    await uploadBytes(client.value, house.video.subarray(half), 'one.mp4');
    // Then
    const [clip] = await house.clips(1);
    expect(problem?.message).toContain('broke off');
    expect(sizeBytes).toBe(half);
    expect(clip?.sizeBytes).toBe(house.video.length);
    expect(camera.source.status().problems).toEqual([]);
  });

  test('that broke off and are not taken up are kept and told', async () => {
    // Given
    const camera = await house.begin();
    // When
    await breakOff(house, 'one.mp4', house.video.subarray(0, 1_000));
    // Then
    await waitUntil('the unreadable file', () => camera.source.status().problems.some(({ path }) => path.includes('uploads')));
    expect(await house.files()).toEqual(['uploads/one.mp4']);
  });

  test('there at start are taken: finished ones, and those that a kill caught in the last moment', async () => {
    // Given
    await put(house.path('uploads/finished.mp4'), house.video);
    await put(house.path('incoming/day/caught.mp4'), Buffer.concat([house.video, Buffer.from('2')]));
    await put(house.path('incoming/half.mp4'), house.video.subarray(0, 1_000));
    // When
    const camera = await house.begin();
    // Then
    expect(await house.clips(2)).toHaveLength(2);
    await waitUntil('the half one', () => camera.source.status().problems.length > 0);
    expect(await house.files()).toEqual(['uploads/half.mp4']);
  });

  test('begin when the file’s name says, else when the duration before its time says', async () => {
    // Given
    await put(house.path('uploads/cam_20261126_004120.mp4'), house.video);
    await put(house.path('uploads/0001.mp4'), Buffer.concat([house.video, Buffer.from('2')]));
    const at = Date.parse('2026-11-26T09:00:00.000Z') / 1000;
    for (const name of ['cam_20261126_004120.mp4', '0001.mp4']) await utimes(house.path(`uploads/${name}`), at, at);
    // When
    await house.begin({ file_name_time: 'utc' });
    const clips = await house.clips(2);
    // Then
    expect(clips.map(({ recordedStartAt }) => recordedStartAt)).toEqual(['2026-11-26T00:41:20.000Z', '2026-11-26T08:59:59.600Z']);
  });

  describe('of pictures', () => {
    let picture: Buffer;
    beforeEach(async () => {
      await put(join(house.dir, 'video.mp4'), house.video);
      picture = await pictureOf(join(house.dir, 'video.mp4'), join(house.dir, 'picture.jpg'));
    });
    const snapshotOf = (clipId: string) => readFile(join(house.spool.dir, 'snapshots', `${clipId}.jpg`)).catch(() => undefined);

    test.each([
      ['before', ['a.jpg', 'a.mp4']],
      ['after', ['a.mp4', 'a.jpg']],
    ])('%s its video are its snapshot', async (_when, names) => {
      // Given
      await house.begin();
      using client = disposable(await logIn(house.port));
      // When
      for (const name of names) await uploadBytes(client.value, name.endsWith('.jpg') ? picture : house.video, name);
      const [clip] = await house.clips(1);
      // Then
      await waitUntil('the snapshot', async () => (await snapshotOf(clip?.clipId ?? '')) !== undefined);
      expect((await snapshotOf(clip?.clipId ?? ''))?.equals(picture)).toBe(true);
      expect(await house.files()).toEqual([]);
    });

    test('that come after a restart still find their video', async () => {
      // Given
      const camera = await house.begin();
      await put(house.path('uploads/20261126_004120.mp4'), house.video);
      const at = Date.parse('2026-11-26T09:00:00.000Z') / 1000;
      await utimes(house.path('uploads/20261126_004120.mp4'), at, at);
      const [clip] = await house.clips(1);
      await house.end(camera);
      // When
      await put(house.path('uploads/20261126_004129.jpg'), picture);
      await utimes(house.path('uploads/20261126_004129.jpg'), at, at);
      await house.begin();
      // Then
      await waitUntil('the snapshot', async () => (await snapshotOf(clip?.clipId ?? '')) !== undefined);
    });

    test('that belong to no video are kept, the newest, and cut off ones are told', async () => {
      // Given
      const camera = await house.begin({ snapshot_wait_s: 0, keep_snapshots: 2 });
      using client = disposable(await logIn(house.port));
      // When
      for (const name of ['1.jpg', '2.jpg', '3.JPG']) {
        await uploadBytes(client.value, picture, name);
        await waitUntil('it to be kept', async () => (await house.files()).every((path) => path.startsWith('snapshots/')));
      }
      await uploadBytes(client.value, picture.subarray(0, picture.length / 2), 'half.jpg');
      await waitUntil('the problem', () => camera.source.status().problems.length > 0);
      // Then
      expect((await house.files()).map((path) => path.replace(/^(\w+\/).*_/, '$1'))).toEqual([
        'snapshots/2.jpg',
        'snapshots/3.JPG',
        'uploads/half.jpg',
      ]);
      expect(await house.spool.openIds()).toEqual([]);
    });

    test('that belong to no video are clips of one frame where that is wanted', async () => {
      // Given
      await house.begin({ snapshot_wait_s: 0, jpeg_clips: true });
      using client = disposable(await logIn(house.port));
      // When
      await uploadBytes(client.value, picture, 'a.jpg');
      // Then
      const [clip] = await house.clips(1);
      expect(clip).toMatchObject({ sizeBytes: picture.length, durationMs: 40 });
      expect(clip?.path).toMatch(/\.jpg$/);
    });
  });
});

/** Begins an upload and resets the connection in the middle of it. */
async function breakOff(house: FtpHouse, name: string, bytes: Uint8Array): Promise<void> {
  const raw = await speakRaw(house.port);
  await raw.hear();
  for (const line of ['USER front', 'PASS secret', 'TYPE I']) await raw.say(line);
  const data = connect(await raw.passive(), '127.0.0.1');
  await raw.say(`STOR ${name}`);
  await new Promise((resolve) => data.write(bytes, resolve));
  await waitUntil('the bytes to arrive', async () => (await stat(house.path(`incoming/${name}`))).size === bytes.length);
  data.resetAndDestroy();
  raw.socket.destroy();
}

const disposable = <T extends { close(): void }>(value: T) => ({ value, [Symbol.dispose]: () => value.close() });
