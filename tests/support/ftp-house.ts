import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clip } from '../../src/domain/clip.ts';
import { createFtpSource } from '../../src/plugins/sources/ftp/ftp-source.ts';
import { ftpSource } from '../../src/plugins/sources/ftp/index.ts';
import { createServerPool, type ServerPool } from '../../src/plugins/sources/ftp/server-pool.ts';
import type { ClipSource } from '../../src/plugins/spec/source.ts';
import type { RecorderSpool } from '../../src/spool/spool.ts';
import { freePort } from './ftp-cameras.ts';
import { createTestContext, type TestContext } from './plugin-context.ts';
import { openSpoolHouse } from './spool-house.ts';
import { waitUntil } from './wait-until.ts';

export interface BegunCamera {
  readonly source: ClipSource;
  readonly context: TestContext;
}

/** Cameras that upload into a spool of their own, and what came of it. */
export interface FtpHouse extends AsyncDisposable {
  readonly port: number;
  readonly dir: string;
  readonly spool: RecorderSpool;
  /** A whole MP4 of 400 ms. */
  readonly video: Buffer;
  readonly servers: ServerPool;
  /** Starts a camera with the password `secret`; stopped with the house. */
  begin(config?: object, cameraName?: string): Promise<BegunCamera>;
  end(camera: BegunCamera): Promise<void>;
  /** Waits for so many clips, oldest recording first. */
  clips(count: number): Promise<Clip[]>;
  /** Files below a camera's folder, sorted. */
  files(user?: string): Promise<string[]>;
  path(name: string, user?: string): string;
}

export async function openFtpHouse(): Promise<FtpHouse> {
  const house = await openSpoolHouse();
  const spool = await house.open('recorder');
  const port = await freePort();
  const servers = createServerPool();
  const root = join(house.dir, 'ftp');
  const running = new Set<BegunCamera>();
  const end = async (camera: BegunCamera): Promise<void> => {
    running.delete(camera);
    await camera.source.stop();
  };
  return {
    port,
    dir: house.dir,
    spool,
    servers,
    video: await readFile(await house.footage()),
    async begin(config = {}, cameraName = 'Front Door') {
      const context = createTestContext({ cameraName, secrets: { FRONT: 'secret' } });
      const quick = { settle_s: 0.1, resume_wait_s: 0.1, host: '127.0.0.1', port, max_connections_per_address: 60 };
      const password = 'anonymous' in config ? {} : { password_env: 'FRONT' };
      const parsed = ftpSource.configSchema.parse({ user: 'front', ...password, root_dir: root, ...quick, ...config });
      const camera = { source: createFtpSource(parsed, context, servers), context };
      running.add(camera);
      await camera.source.start(spool.sink());
      return camera;
    },
    end,
    async clips(count) {
      await waitUntil(`${count} clips`, async () => (await spool.openIds()).length >= count);
      return spool.openClips();
    },
    path: (name, user = 'front') => join(root, user, name),
    async files(user = 'front') {
      const entries = await readdir(join(root, user), { recursive: true, withFileTypes: true });
      const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
      return paths.map((path) => path.slice(join(root, user).length + 1)).sort();
    },
    async [Symbol.asyncDispose]() {
      for (const camera of running) await end(camera);
      await house[Symbol.asyncDispose]();
    },
  };
}
