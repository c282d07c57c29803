import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ftp-cameras.ts';
import { waitUntil } from './wait-until.ts';

export const WEBDAV_SECRETS = { WEBDAV_USER: 'me', WEBDAV_PASSWORD: 'password-of-tests' };

export interface WebdavServer extends AsyncDisposable {
  readonly url: string;
  /** What it serves: each file is a file. */
  readonly folder: string;
}

/** A real WebDAV server (rclone) that serves a folder of its own, by basic authentication. */
export async function openWebdavServer(): Promise<WebdavServer> {
  if (spawnSync('rclone', ['version']).error !== undefined) throw new Error('rclone is missing; run `make setup-test`');
  const dir = await mkdtemp(join(tmpdir(), 'homesec-webdav-server-'));
  const folder = join(dir, 'served');
  await mkdir(folder);
  const url = `http://127.0.0.1:${await freePort()}`;
  const login = ['--user', WEBDAV_SECRETS.WEBDAV_USER, '--pass', WEBDAV_SECRETS.WEBDAV_PASSWORD];
  const args = ['serve', 'webdav', folder, '--addr', new URL(url).host, ...login, '--dir-cache-time', '0s'];
  const child = spawn('rclone', args, { stdio: 'ignore', env: { ...process.env, RCLONE_CONFIG: '/dev/null' } });
  await waitUntil('the WebDAV server answers', () =>
    fetch(url).then(
      () => true,
      () => false,
    ),
  );
  const end = async () => {
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
    await rm(dir, { recursive: true });
  };
  return { url, folder, [Symbol.asyncDispose]: end };
}
