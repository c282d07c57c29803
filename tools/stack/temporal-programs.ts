import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { findOnPath } from '../../src/embedded/temporal-cli.ts';
import { CHECKOUT } from './service-words.ts';

/** Programs of Temporal, built from the sources of the versions that docker-compose.yml names, and kept below `.cache`. */
export interface TemporalPrograms {
  /** Folder with `temporal-server` and `temporal-sql-tool`. */
  readonly server: string;
  /** Folder with `temporal-ui`, and the `config/docker.yaml` of its image. */
  readonly ui: string;
}

const moduleSchema = z.object({ Dir: z.string() });

interface Build {
  readonly folder: string;
  /** By the name that the program gets. */
  readonly packages: Readonly<Record<string, string>>;
  readonly tags?: string;
  /** A module whose `config` folder the image has beside the program. */
  readonly configOf?: string;
}

/** @returns undefined where Go is missing. The first build takes minutes and 400 MB. Throws when it fails. */
export async function buildTemporalPrograms(
  version: { readonly server: string; readonly ui: string },
  onProgress: (message: string) => void,
): Promise<TemporalPrograms | undefined> {
  const server: Build = {
    folder: join(CHECKOUT, '.cache', 'temporal-server', version.server),
    packages: {
      'temporal-server': `go.temporal.io/server/cmd/server@v${version.server}`,
      'temporal-sql-tool': `go.temporal.io/server/cmd/tools/sql@v${version.server}`,
    },
    tags: 'disable_grpc_modules',
  };
  const ui: Build = {
    folder: join(CHECKOUT, '.cache', 'temporal-ui', version.ui),
    packages: { 'temporal-ui': `github.com/temporalio/ui-server/v2/cmd/server@v${version.ui}` },
    configOf: `github.com/temporalio/ui-server/v2@v${version.ui}`,
  };
  const missing = [server, ui].filter(({ folder }) => !existsSync(folder));
  const go = findOnPath('go', { PATH: `${process.env['PATH']}:/usr/local/go/bin` });
  if (missing.length > 0 && go === undefined) return undefined;
  for (const wanted of missing) await build(go ?? '', wanted, onProgress);
  return { server: server.folder, ui: ui.folder };
}

/** Renamed into place when complete. */
async function build(go: string, wanted: Build, onProgress: (message: string) => void): Promise<void> {
  const { folder, packages, tags, configOf } = wanted;
  await mkdir(dirname(folder), { recursive: true });
  const part = await mkdtemp(`${folder}.`);
  const run = async (...args: string[]): Promise<string> => {
    const env = { ...process.env, GOTOOLCHAIN: 'local', CGO_ENABLED: '0', GOBIN: part };
    return (await promisify(execFile)(go, args, { env, cwd: '/', maxBuffer: 64 * 1024 * 1024 })).stdout;
  };
  try {
    for (const [name, path] of Object.entries(packages)) {
      onProgress(`building ${path}`);
      await run('install', ...(tags === undefined ? [] : ['-tags', tags]), path);
      // Go names a program after its folder.
      await rename(join(part, path.replace(/^.*\/(\w+)@.*$/, '$1')), join(part, name));
    }
    if (configOf !== undefined) {
      const { Dir } = moduleSchema.parse(JSON.parse(await run('mod', 'download', '-json', configOf)));
      await cp(join(Dir, 'config'), join(part, 'config'), { recursive: true });
    }
    await rename(part, folder);
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}
