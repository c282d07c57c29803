import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ftp-cameras.ts';
import { waitUntil } from './wait-until.ts';

const PROGRAM = join(import.meta.dirname, '../../.cache/versitygw/versitygw');

export const S3_SECRETS = { AWS_ACCESS_KEY_ID: 'access-key-of-tests', AWS_SECRET_ACCESS_KEY: 'secret-key-of-tests' };
export const S3_BUCKET = 'homesec-tests';

export interface S3Server extends AsyncDisposable {
  readonly url: string;
  /** The bucket as a folder: each object is a file. */
  readonly folder: string;
}

/** A real S3 server (versitygw) that keeps a bucket in a folder of its own. */
export async function openS3Server(): Promise<S3Server> {
  if (!existsSync(PROGRAM)) throw new Error('the S3 server versitygw is missing; run `make setup-test`');
  const dir = await mkdtemp(join(tmpdir(), 'homesec-s3-server-'));
  const folder = join(dir, 'data', S3_BUCKET);
  await mkdir(folder, { recursive: true });
  await mkdir(join(dir, 'sidecar'));
  const url = `http://127.0.0.1:${await freePort()}`;
  const keys = ['--access', S3_SECRETS.AWS_ACCESS_KEY_ID, '--secret', S3_SECRETS.AWS_SECRET_ACCESS_KEY];
  const args = ['--port', new URL(url).host, ...keys, '--quiet', 'posix', '--sidecar', join(dir, 'sidecar'), join(dir, 'data')];
  const child = spawn(PROGRAM, args, { stdio: 'ignore' });
  await waitUntil('the S3 server answers', () =>
    fetch(url).then(
      () => true,
      () => false,
    ),
  );
  return { url, folder, [Symbol.asyncDispose]: () => end(child, dir) };
}

async function end(child: ChildProcess, dir: string): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
  await rm(dir, { recursive: true });
}
