import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import type { LocalFile } from '../src/plugins/spec/storage.ts';
import { DROPBOX_SECRETS, openDropboxServer } from '../tests/support/dropbox-server/dropbox-server.ts';
import type { PutLine, PutOrder } from '../tests/support/put-child.ts';
import { openS3Server, S3_BUCKET, S3_SECRETS } from '../tests/support/s3-server.ts';
import { openWebdavServer, WEBDAV_SECRETS } from '../tests/support/webdav-server.ts';

/** What it takes to store one large clip, each time in a process of its own, on a server on this machine. */
export interface UploadsBench {
  readonly sizeBytes: number;
  /** The same file through a Node stream into a file: as fast as it could be if nothing were verified. */
  readonly rawCopyMs: number;
  readonly uploads: readonly { readonly what: string; readonly tookMs: number; readonly peakMemoryMiB: number }[];
  /** Ten processes' worth of clips under one limit. */
  readonly shared: { readonly limitMbps: number; readonly measuredMbps: number };
  readonly load: number;
}

const CHILD = join(import.meta.dirname, '../tests/support/put-child.ts');
const LIMIT_MBPS = 80;
const MIB = 1 << 20;

type Backend = Pick<PutOrder, 'backend' | 'config' | 'secrets'>;

export async function benchUploads({ sizeBytes = 2048 * MIB } = {}): Promise<UploadsBench> {
  const folder = await mkdtemp(join(tmpdir(), 'homesec-bench-uploads-'));
  await using dropbox = await openDropboxServer();
  await using s3 = await openS3Server();
  await using webdav = await openWebdavServer();
  const login = { username_env: 'WEBDAV_USER', password_env: 'WEBDAV_PASSWORD' };
  const backends: readonly Backend[] = [
    { backend: 'local', config: { root: join(folder, 'stored') }, secrets: {} },
    { backend: 'dropbox', config: { api_url: dropbox.url, content_url: dropbox.url }, secrets: DROPBOX_SECRETS },
    { backend: 's3', config: { bucket: S3_BUCKET, endpoint: s3.url }, secrets: S3_SECRETS },
    { backend: 'webdav', config: { url: webdav.url, ...login }, secrets: WEBDAV_SECRETS },
  ];
  try {
    const small = await sparseFile(join(folder, 'small.mp4'), 1000);
    const large = await sparseFile(join(folder, 'large.mp4'), sizeBytes);
    const rawCopyMs = await rawCopy(large.path, join(folder, 'copy'));
    const uploads = [];
    for (const backend of backends) {
      for (const [what, file] of [
        ['1 kB', small],
        ['large', large],
      ] as const) {
        const done = await putInChild({ ...backend, file, key: `${what}.mp4`, folder });
        uploads.push({ what: `${backend.backend}, ${what}`, ...done });
      }
    }
    const [first] = backends;
    const measuredMbps = first === undefined ? 0 : await shareLimit(first, folder);
    return { sizeBytes, rawCopyMs, uploads, shared: { limitMbps: LIMIT_MBPS, measuredMbps }, load: loadavg()[0] ?? 0 };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A file of zeros that takes no room on the disk. */
async function sparseFile(path: string, sizeBytes: number): Promise<LocalFile> {
  const file = await open(path, 'w');
  await file.truncate(sizeBytes);
  await file.close();
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return { path, sizeBytes, sha256: hash.digest('hex') };
}

async function rawCopy(from: string, to: string): Promise<number> {
  const startedAt = performance.now();
  await pipeline(createReadStream(from), createWriteStream(to, { flush: true }));
  const tookMs = performance.now() - startedAt;
  await rm(to);
  return tookMs;
}

async function putInChild(order: PutOrder): Promise<{ tookMs: number; peakMemoryMiB: number }> {
  const child = spawn(process.execPath, [CHILD, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    // Written by the child for this.
    const said = JSON.parse(line) as PutLine;
    if (!('result' in said)) continue;
    if (!said.result.ok) throw new Error(line);
    const { tookMs, peakMemoryMiB } = said;
    return { tookMs, peakMemoryMiB };
  }
  throw new Error(`the upload to ${order.backend} ended without a word`);
}

/** One process stores ten clips at once under one limit. */
async function shareLimit(backend: Backend, folder: string): Promise<number> {
  const file = await sparseFile(join(folder, 'shared.mp4'), 10 * MIB);
  const { tookMs } = await putInChild({ ...backend, file, key: 'shared', folder, copies: 10, maxUploadMbps: LIMIT_MBPS });
  return (10 * file.sizeBytes * 8) / 1000 / tookMs;
}
