import { open } from 'node:fs/promises';
import type { Clip } from '../domain/clip.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { Secret } from '../domain/secret.ts';
import { causesOf, type PluginFailure, pluginFailure } from '../domain/stage-error.ts';
import type { StorageCall } from '../plugins/spec/storage.ts';
import { signClipUrl } from './signed-url.ts';

/** How often a transfer that was cut goes on where it stopped. */
const RESUMES_AT_MOST = 3;

export interface ClipOnHost {
  /** Where the host hands out bytes. */
  readonly clipsUrl: string;
  readonly clip: Clip;
  readonly secret: Secret;
}

/**
 * Gets a clip's bytes from the host that recorded it into a new file; the caller checks them. CLIP_HOST_UNREACHABLE when the
 * host is away, refuses or has them no longer. A cut transfer goes on where it stopped.
 */
export async function fetchClip(from: ClipOnHost, path: string, call: StorageCall): Promise<Result<void, PluginFailure>> {
  await using file = await open(path, 'wx');
  let doneBytes = 0;
  const take = async (chunk: Uint8Array): Promise<void> => {
    await file.appendFile(chunk);
    doneBytes += chunk.length;
    call.onProgress(doneBytes);
  };
  for (let cuts = 0; ; cuts += 1) {
    const startBytes = doneBytes;
    try {
      const refused = await transfer(from, { startBytes, take, signal: call.signal });
      return refused === undefined ? ok(undefined) : err(refused);
    } catch (cause) {
      call.signal.throwIfAborted();
      // Nothing new came: the next attempt of the stage may be luckier.
      if (cuts < RESUMES_AT_MOST && doneBytes > startBytes) continue;
      return err(unreachable(`does not answer: ${causesOf(cause).at(-1)?.message ?? String(cause)}`, cause));
    }
  }
}

interface Transfer {
  readonly startBytes: number;
  readonly take: (chunk: Uint8Array) => Promise<void>;
  readonly signal: AbortSignal;
}

/** @returns what the host says against it. Rejects where the connection fails. */
async function transfer(
  { clipsUrl, clip, secret }: ClipOnHost,
  { startBytes, take, signal }: Transfer,
): Promise<PluginFailure | undefined> {
  const url = signClipUrl(clipsUrl, clip.clipId, secret, Date.now());
  const headers = startBytes === 0 ? {} : { range: `bytes=${startBytes}-` };
  const response = await fetch(url, { signal, redirect: 'error', headers });
  if (response.status !== (startBytes === 0 ? 200 : 206) || response.body === null) {
    await response.body?.cancel();
    return unreachable(REFUSALS[response.status] ?? `answers ${response.status}`);
  }
  const chunks: AsyncIterable<Uint8Array> = response.body;
  let leftBytes = clip.sizeBytes - startBytes;
  for await (const chunk of chunks) {
    leftBytes -= chunk.length;
    // Before it fills the disk; what comes short is found out by its hash.
    if (leftBytes < 0) return unreachable('sends more than the clip has');
    await take(chunk);
  }
  return undefined;
}

const REFUSALS: Readonly<Record<number, string>> = {
  403: 'refuses the link: the secrets differ, or the clocks do',
  404: 'does not have the clip any more',
};

const unreachable = (what: string, cause?: unknown): PluginFailure =>
  pluginFailure('CLIP_HOST_UNREACHABLE', `the camera host ${what}`, cause);
