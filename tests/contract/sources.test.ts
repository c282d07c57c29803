import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { createFtpSource } from '../../src/plugins/sources/ftp/ftp-source.ts';
import { ftpSource } from '../../src/plugins/sources/ftp/index.ts';
import { createServerPool } from '../../src/plugins/sources/ftp/server-pool.ts';
import { localFolderSource } from '../../src/plugins/sources/local-folder/index.ts';
import { FedSource } from '../fakes/fed-source.ts';
import { freePort, logIn, uploadBytes } from '../support/ftp-cameras.ts';
import { createTestContext } from '../support/plugin-context.ts';
import { type MediaFolder, openMediaFolder } from '../support/test-media.ts';
import { describeFileSource } from './source.contract.ts';

let media: MediaFolder;
let video: Buffer;
beforeAll(async () => {
  media = await openMediaFolder();
  video = await readFile(await media.clip('video.mp4', 'color=black:d=1:r=5:s=64x64'));
});
afterAll(() => media.remove());

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
/** A video with some bytes after its end, which players ignore. */
const videoOf = (seed: string): Buffer => Buffer.concat([video, Buffer.from(seed)]);
const BROKEN = Buffer.from('broken, and no video');

describeFileSource('local_folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'homesec-local-folder-'));
  const watchDir = join(folder, 'watch');
  await mkdir(watchDir);
  const raw = { watch_dir: watchDir, stability_threshold_s: 0.1, poll_interval_s: 0.1 };
  const config = localFolderSource.configSchema.parse(raw);
  const appear = async (bytes: Buffer): Promise<string> => {
    const unfinished = join(folder, randomUUID());
    await writeFile(unfinished, bytes);
    await rename(unfinished, join(watchDir, `${randomUUID()}.mp4`));
    return sha256(bytes);
  };
  return {
    open: () => localFolderSource.create(config, createTestContext({ cameraName: 'Front Door' })),
    cameraName: 'Front Door',
    backend: 'local_folder',
    record: (seed) => appear(videoOf(seed)),
    recordBroken: async () => void (await appear(BROKEN)),
    dispose: () => rm(folder, { recursive: true }),
  };
});

describeFileSource('ftp', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'homesec-ftp-'));
  const place = { host: '127.0.0.1', port: await freePort(), root_dir: folder };
  const config = ftpSource.configSchema.parse({ user: 'front', password_env: 'FRONT', settle_s: 0.1, ...place });
  const servers = createServerPool();
  /** Uploads, or leaves the file as a server does that is killed right after. */
  const appear = async (bytes: Buffer): Promise<string> => {
    const name = `${randomUUID()}.mp4`;
    const client = await logIn(place.port).catch(() => undefined);
    if (client === undefined) await writeFile(join(folder, 'front', 'uploads', name), bytes);
    else await uploadBytes(client, bytes, name);
    client?.close();
    return sha256(bytes);
  };
  return {
    open: () => createFtpSource(config, createTestContext({ cameraName: 'Front Door', secrets: { FRONT: 'secret' } }), servers),
    cameraName: 'Front Door',
    backend: 'ftp',
    record: (seed) => appear(videoOf(seed)),
    recordBroken: async () => void (await appear(BROKEN)),
    dispose: () => rm(folder, { recursive: true }),
  };
});

describeFileSource('fed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'homesec-fed-source-'));
  const source = new FedSource();
  const feed = async (bytes: Buffer): Promise<string> => {
    const identity = randomUUID();
    const path = join(folder, identity);
    await writeFile(path, bytes);
    const recordedStartAt = new Date().toISOString();
    await source.feed({ cameraName: 'Front Door', sourceBackend: 'fed', identity, recordedStartAt, path, take: 'copy' });
    return sha256(bytes);
  };
  return {
    open: () => source,
    cameraName: 'Front Door',
    backend: 'fed',
    record: (seed) => feed(videoOf(seed)),
    recordBroken: async () => void (await feed(BROKEN)),
    dispose: () => rm(folder, { recursive: true }),
  };
});
