import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EmbeddedStackError } from './stack-error.ts';

/** Where Temporal comes from: a server that runs already, or a program that starts one. */
export type TemporalSource =
  | { readonly kind: 'server'; readonly address: string }
  | { readonly kind: 'program'; readonly path: string; readonly from: string };

export interface TemporalSearch {
  /** TEMPORAL_ADDRESS, TEMPORAL_CLI_PATH and PATH are read from it. */
  readonly env: NodeJS.ProcessEnv;
  /** Where `make setup` puts its copy. */
  readonly installedPath: string;
  /** Takes the SDK's own download. */
  readonly downloadDir: string;
  readonly onProgress: (message: string) => void;
}

/** `make setup`'s copy in the folder of this checkout. */
export const INSTALLED_TEMPORAL = fileURLToPath(new URL('../../.cache/temporal/temporal', import.meta.url));

/** A server address, else the first program that is there. Throws `TEMPORAL_NOT_FOUND`, naming every place that was tried. */
export function findTemporal(search: TemporalSearch): TemporalSource {
  const { TEMPORAL_ADDRESS: address, TEMPORAL_CLI_PATH: chosen } = search.env;
  if (isSet(address)) return { kind: 'server', address };
  if (isSet(chosen)) {
    // Whoever names a program means that one: another in its place would only hide the mistake.
    if (isProgram(chosen)) return { kind: 'program', path: chosen, from: 'TEMPORAL_CLI_PATH' };
    throw new EmbeddedStackError(
      'TEMPORAL_NOT_FOUND',
      `TEMPORAL_CLI_PATH names ${chosen}, which is no program that can be run; ${WAYS}`,
    );
  }
  const onPath = findOnPath('temporal', search.env);
  if (onPath !== undefined) return { kind: 'program', path: onPath, from: 'PATH' };
  if (isProgram(search.installedPath)) return { kind: 'program', path: search.installedPath, from: 'make setup' };
  return { kind: 'program', path: downloaded(search.downloadDir) ?? download(search), from: 'the download of the Temporal SDK' };
}

const WAYS =
  'Temporal is looked for in this order: TEMPORAL_ADDRESS (host:port of a running server), TEMPORAL_CLI_PATH (the temporal program), ' +
  'temporal on PATH, the copy that "make setup" installs in .cache/temporal, the download of the Temporal SDK';

/** The first program of that name in the folders of PATH. */
export function findOnPath(name: string, env: NodeJS.ProcessEnv): string | undefined {
  return (env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isProgram);
}

/** In a process of its own: the SDK downloads only while starting a server, and would claim this process' native runtime for it. */
function download({ downloadDir, installedPath, env, onProgress }: TemporalSearch): string {
  onProgress('downloading Temporal');
  const script = fileURLToPath(new URL('./download-temporal.ts', import.meta.url));
  const run = spawnSync(process.execPath, [script, downloadDir], { encoding: 'utf8', env, timeout: 300_000 });
  const program = downloaded(downloadDir);
  if (program !== undefined) return program;
  const why = run.error?.message ?? run.stderr.trim().split('\n').at(-1) ?? '';
  throw new EmbeddedStackError(
    'TEMPORAL_NOT_FOUND',
    `no Temporal: no program temporal on PATH, none at ${installedPath}, and the download failed (${why}). ${WAYS}`,
  );
}

/** The SDK names the file after itself and its version. */
function downloaded(downloadDir: string): string | undefined {
  if (!existsSync(downloadDir)) return undefined;
  const name = readdirSync(downloadDir).find(
    (file) => file.startsWith('temporal-sdk-typescript-') && !file.endsWith('.downloading'),
  );
  const path = name === undefined ? undefined : join(downloadDir, name);
  return path !== undefined && isProgram(path) ? path : undefined;
}

const isSet = (value: string | undefined): value is string => value !== undefined && value !== '';

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
