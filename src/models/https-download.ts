import { open, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { ok, type Result } from '../domain/result.ts';
import type { HttpsSource } from './catalogue.ts';
import { hashFile } from './installed-model.ts';
import { cancelled, filesFailed, type ModelError, modelError } from './model-error.ts';

export interface DownloadOptions {
  readonly signal: AbortSignal;
  readonly onBytes: (doneBytes: number) => void;
}

const ATTEMPTS = 4;
const RETRY_MS = 500;
/** A server that sends nothing for this long is gone. */
const STALL_MS = 30_000;

/**
 * Fetches a release file to `path` and checks it by its SHA-256. Follows redirects; a connection that is cut is taken up
 * again where it ended, a few times. On an error the file at `path` is worthless.
 */
export async function downloadRelease(
  source: HttpsSource,
  path: string,
  options: DownloadOptions,
): Promise<Result<void, ModelError>> {
  let fault: Fault | undefined;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    fault = await fetchRest(source, path, options);
    if (options.signal.aborted) return cancelled(source.url);
    if (fault === undefined || !fault.retryable) break;
    if (attempt < ATTEMPTS) await delay(RETRY_MS * attempt, undefined, { signal: options.signal }).catch(() => undefined);
  }
  return fault === undefined ? await verify(source, path) : fault.result;
}

interface Fault {
  readonly retryable: boolean;
  readonly result: Result<never, ModelError>;
}

async function fetchRest(source: HttpsSource, path: string, options: DownloadOptions): Promise<Fault | undefined> {
  const haveBytes = await sizeOf(path);
  if (haveBytes >= source.sizeBytes) return undefined;
  const stall = createStallTimer();
  const signal = AbortSignal.any([options.signal, stall.signal]);
  try {
    const range = haveBytes > 0 ? { range: `bytes=${haveBytes}-` } : {};
    const response = await fetch(source.url, { signal, headers: { ...range, 'accept-encoding': 'identity' } });
    if (!response.ok || response.body === null) return refused(source.url, response.status);
    const resumed = response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${haveBytes}-`) === true;
    const writtenBytes = await writeBody(response.body, path, {
      startBytes: resumed ? haveBytes : 0,
      limitBytes: source.sizeBytes,
      onBytes: (doneBytes) => {
        stall.restart();
        options.onBytes(doneBytes);
      },
    });
    return writtenBytes < source.sizeBytes ? truncated(source, writtenBytes) : undefined;
  } catch (error) {
    return await explain(source, path, error);
  } finally {
    stall.stop();
  }
}

interface WriteOptions {
  /** What is there already and is kept. */
  readonly startBytes: number;
  /** More bytes than published cannot be the file: the rest is not even fetched. */
  readonly limitBytes: number;
  readonly onBytes: (doneBytes: number) => void;
}

/** Writes each chunk before it asks for the next, so that a cut connection costs nothing that had come. */
async function writeBody(body: AsyncIterable<Uint8Array>, path: string, options: WriteOptions): Promise<number> {
  let doneBytes = options.startBytes;
  const file = await open(path, doneBytes > 0 ? 'a' : 'w');
  try {
    for await (const chunk of body) {
      doneBytes += chunk.length;
      if (doneBytes > options.limitBytes) throw new TooManyBytes();
      await file.appendFile(chunk);
      options.onBytes(doneBytes);
    }
    return doneBytes;
  } finally {
    await file.close();
  }
}
class TooManyBytes extends Error {}

function createStallTimer(): { signal: AbortSignal; restart: () => void; stop: () => void } {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error(`nothing came for ${STALL_MS / 1000} s`)), STALL_MS);
  return { signal: controller.signal, restart: () => timer.refresh(), stop: () => clearTimeout(timer) };
}

async function verify(source: HttpsSource, path: string): Promise<Result<void, ModelError>> {
  const sha256 = await hashFile(path, 'sha256', 'hex');
  return sha256 === source.sha256 ? ok(undefined) : mismatch(source, `its SHA-256 is ${sha256} instead of ${source.sha256}`);
}

const mismatch = (source: HttpsSource, what: string): Result<never, ModelError> =>
  modelError({
    code: 'MODEL_HASH_MISMATCH',
    where: source.url,
    what: `what came is not the published file: ${what}`,
    fix: 'It was discarded. Try again; if it stays so, something between here and the server changes downloads (a proxy or login page).',
  });

const truncated = (source: HttpsSource, haveBytes: number, cause?: unknown): Fault => ({
  retryable: true,
  result: modelError(
    {
      code: 'MODEL_TRUNCATED',
      where: source.url,
      what: `the connection ended after ${haveBytes} of ${source.sizeBytes} bytes, ${ATTEMPTS} times in a row`,
      fix: 'Try again on a steadier connection.',
    },
    cause,
  ),
});

const refused = (url: string, status: number): Fault => ({
  retryable: status >= 500 || status === 429,
  result: modelError({
    code: 'MODEL_UNREACHABLE',
    where: url,
    what: `the server answered ${status}`,
    fix: 'Try again later, or download the file by hand and register it with `homesec models use`.',
  }),
});

async function explain(source: HttpsSource, path: string, error: unknown): Promise<Fault> {
  if (error instanceof TooManyBytes) {
    return { retryable: false, result: mismatch(source, `it is longer than ${source.sizeBytes} bytes`) };
  }
  // What comes from the network is wrapped by fetch; only the file's own errors bear the system call.
  if (error instanceof Error && 'syscall' in error) return { retryable: false, result: filesFailed(path, error) };
  const haveBytes = await sizeOf(path);
  if (haveBytes > 0) return truncated(source, haveBytes, error);
  const what = 'the server cannot be reached';
  const fix = 'Check the internet connection. Behind a proxy set HTTPS_PROXY and NODE_USE_ENV_PROXY=1.';
  return { retryable: true, result: modelError({ code: 'MODEL_UNREACHABLE', where: source.url, what, fix }, error) };
}

const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => ({ size: 0 }))).size;
