import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs } from '../../../kit/backoff.ts';
import { joinFragments } from '../../../media/join-fragments.ts';
import type { Logger } from '../../spec/plugin.ts';
import type { ClipSink, SealFailure, SourceProblem } from '../../spec/source.ts';
import type { FragmentFiles } from './fragment-files.ts';
import type { NotedPart, PartJournal } from './part-journal.ts';

/** A part whose last fragment is known. */
export type FinishedPart = NotedPart & { readonly lastSeq: number };

export interface PartSealer {
  /** Takes a part that is noted in the journal; parts are sealed one after another, in this order. */
  seal(part: FinishedPart): void;
  /** Resolves when nothing is left, or at once after `abort`: what is left is in the journal. */
  settled(): Promise<void>;
  problems(): readonly SourceProblem[];
}

export interface PartSealerDeps {
  readonly cameraName: string;
  readonly folder: string;
  readonly sink: Pick<ClipSink, 'seal'>;
  readonly files: FragmentFiles;
  readonly journal: PartJournal;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const RETRY = { initialMs: 1_000, maxMs: 60_000 };

/** Makes clips of recorded parts and gives them to the spool. Fragments go only when their clip is sealed. */
export async function openPartSealer(deps: PartSealerDeps): Promise<PartSealer> {
  const problems = await listAside(deps.folder);
  let work: Promise<void> = Promise.resolve();
  return {
    seal(part) {
      work = work.then(() => sealWhenPossible(deps, part, problems));
    },
    settled: () => work,
    problems: () => problems,
  };
}

async function sealWhenPossible(deps: PartSealerDeps, part: FinishedPart, problems: SourceProblem[]): Promise<void> {
  const { logger, cameraName, signal } = deps;
  for (let failures = 1; !signal.aborted; failures += 1) {
    const failure = await sealOnce(deps, part).catch(
      (cause: unknown): SealFailure => ({ code: 'disk', message: String(cause), cause }),
    );
    if (failure === undefined) return;
    const fields = { camera_name: cameraName, event_id: part.eventId, error: failure.message };
    if (failure.code === 'unreadable') {
      logger.error(fields, 'a recording is no readable video and was kept aside');
      problems.push(await keepAside(deps, part, failure.message));
      return;
    }
    logger.error(fields, 'a recording cannot be sealed yet; trying again');
    await delay(backoffMs(RETRY, failures, Math.random), undefined, { signal }).catch(() => undefined);
  }
}

async function sealOnce(deps: PartSealerDeps, part: FinishedPart): Promise<SealFailure | undefined> {
  const { files, journal } = deps;
  const seqs = (await files.list(part.ingestId)).filter((seq) => seq >= part.firstSeq && seq <= part.lastSeq);
  // Nothing: it was sealed before a kill, or lost its connection before its first picture.
  const failure = seqs.length === 0 ? undefined : await sealFragments(deps, part, seqs);
  if (failure !== undefined) return failure;
  await files.remove(part.ingestId, seqs);
  await journal.remove(part);
  await files.tidy(part.ingestId);
  return undefined;
}

async function sealFragments(
  deps: PartSealerDeps,
  part: FinishedPart,
  seqs: readonly number[],
): Promise<SealFailure | undefined> {
  const { cameraName, files, folder, sink, logger } = deps;
  const path = join(folder, `${part.ingestId}-${part.firstSeq}.mp4`);
  const joined = await joinFragments({ fragments: seqs.map((seq) => files.pathOf(part.ingestId, seq)), output: path });
  if (!joined.ok) {
    const code = joined.error.code === 'CLIP_UNREADABLE' ? 'unreadable' : 'not_now';
    return { code, message: joined.error.message, cause: joined.error };
  }
  const sealed = await sink.seal({
    cameraName,
    sourceBackend: 'rtsp',
    identity: `${part.ingestId}/${part.firstSeq}`,
    recordedStartAt: new Date(part.startMs).toISOString(),
    path,
    take: 'move',
    eventId: part.eventId,
  });
  if (!sealed.ok) {
    await rm(path, { force: true });
    return sealed.error;
  }
  logger.info({ camera_name: cameraName, clip_id: sealed.value.clipId, event_id: part.eventId }, 'recorded a clip');
  return undefined;
}

const asideFolder = (folder: string): string => join(folder, 'unreadable');

/** What an earlier start has kept aside and nobody has taken away. */
async function listAside(folder: string): Promise<SourceProblem[]> {
  const names = await readdir(asideFolder(folder)).catch((): string[] => []);
  return Promise.all(
    names.map(async (name): Promise<SourceProblem> => {
      const path = join(asideFolder(folder), name);
      const since = await stat(path).then(
        ({ mtime }) => mtime,
        () => new Date(),
      );
      return { path, message: 'is no readable video', since: since.toISOString() };
    }),
  );
}

/** Nothing that a camera sent in an event is thrown away because this ffmpeg does not understand it. */
async function keepAside(
  { folder, files, journal }: PartSealerDeps,
  part: FinishedPart,
  message: string,
): Promise<SourceProblem> {
  const aside = join(asideFolder(folder), `${part.ingestId}-${part.firstSeq}`);
  await mkdir(aside, { recursive: true });
  for (const seq of await files.list(part.ingestId)) {
    if (seq < part.firstSeq || seq > part.lastSeq) continue;
    await rename(files.pathOf(part.ingestId, seq), join(aside, `${seq}.ts`)).catch(() => undefined);
  }
  await journal.remove(part);
  return { path: aside, message, since: new Date().toISOString() };
}
