import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Instant } from '../../../domain/instant.ts';
import { ok } from '../../../domain/result.ts';
import type { SeenFile } from '../../../intake/list-folder.ts';
import type { TakenClip } from '../../../intake/manifest.ts';
import { recordedStartOf } from '../../../intake/recorded-start.ts';
import { type InspectFile, inspectVideo, type TakeDeps, type TakeOutcome, takeFile } from '../../../intake/take-file.ts';
import { probe } from '../../../media/probe.ts';
import { readToEnd } from '../../../media/read-to-end.ts';
import { isWholeJpeg } from '../../../media/whole-jpeg.ts';
import type { Clock } from '../../spec/plugin.ts';
import { type FileNameTime, timeInFileName } from './file-name-time.ts';
import type { KeptPictures } from './kept-pictures.ts';

export interface UploadRules {
  readonly fileNameTime: FileNameTime;
  readonly jpegClips: boolean;
  readonly snapshotWaitMs: number;
  readonly pictures: KeptPictures;
  readonly clock: Clock;
}

export const JPEG_EXTENSIONS = ['.jpg', '.jpeg'];
/** A picture belongs to a clip also when the camera took it so long before or after. */
const SNAPSHOT_SLACK_MS = 10_000;

const isJpeg = (name: string): boolean => JPEG_EXTENSIONS.includes(extname(name).toLowerCase());

/** What becomes of a finished upload: a video is sealed, a picture goes to its video, becomes a clip, or is kept. */
export const createTakeUpload =
  (rules: UploadRules) =>
  (deps: TakeDeps, file: SeenFile): Promise<TakeOutcome> =>
    isJpeg(file.name) ? takePicture(rules, deps, file) : takeFile(deps, file, inspectUpload(rules));

/** FTP cannot tell a finished upload from one that was cut off, so the video is read to its end. */
const inspectUpload =
  ({ fileNameTime }: UploadRules): InspectFile =>
  async (file) => {
    const probed = await probe(file.path);
    if (!probed.ok) return probed;
    const whole = await readToEnd(file.path);
    if (!whole.ok) return whole;
    const atMs = timeInFileName(file.name, fileNameTime, file.mtimeMs);
    const recordedStartAt = atMs === undefined ? recordedStartOf(probed.value, file.mtimeMs) : new Date(atMs).toISOString();
    return ok({ recordedStartAt, durationMs: probed.value.durationMs });
  };

async function takePicture(rules: UploadRules, deps: TakeDeps, file: SeenFile): Promise<TakeOutcome> {
  const bytes = await readFile(file.path).catch(() => undefined);
  if (bytes === undefined) return { kind: 'later' };
  if (!isWholeJpeg(bytes)) return { kind: 'problem', message: 'it is no whole JPEG' };
  const takenMs = timeInFileName(file.name, rules.fileNameTime, file.mtimeMs) ?? file.mtimeMs;
  const clip = nearestClip(videoClips(deps), takenMs);
  if (clip !== undefined) return attach(rules, deps, file, clip);
  const waitedMs = Date.parse(rules.clock.now()) - file.mtimeMs;
  if (waitedMs < rules.snapshotWaitMs) return { kind: 'later' };
  if (rules.jpegClips) return takeFile(deps, file, inspectPicture(new Date(takenMs).toISOString()));
  return keep(rules, file);
}

async function attach(rules: UploadRules, deps: TakeDeps, file: SeenFile, clip: TakenClip): Promise<TakeOutcome> {
  const attached = await deps.sink.attachSnapshot(clip.clipId, file.path);
  if (!attached.ok)
    return attached.error.code === 'gone' ? { kind: 'later' } : { kind: 'problem', message: attached.error.message };
  return attached.value === 'attached' ? { kind: 'done' } : keep(rules, file);
}

async function keep({ pictures }: UploadRules, file: SeenFile): Promise<TakeOutcome> {
  try {
    await pictures.keep(file);
    return { kind: 'done' };
  } catch (cause) {
    return { kind: 'problem', message: cause instanceof Error ? cause.message : String(cause) };
  }
}

const inspectPicture =
  (recordedStartAt: Instant): InspectFile =>
  async (file) => {
    const inspected = await inspectVideo(file);
    return inspected.ok ? ok({ ...inspected.value, recordedStartAt }) : inspected;
  };

const videoClips = ({ manifest }: TakeDeps): TakenClip[] =>
  manifest.clips().flatMap(({ name, clip }) => (isJpeg(name) ? [] : [clip]));

/** The clip during which, or nearest to which, a picture was taken. */
function nearestClip(clips: readonly TakenClip[], takenMs: number): TakenClip | undefined {
  const distanceOf = ({ recordedStartAt, durationMs }: TakenClip): number => {
    const startMs = Date.parse(recordedStartAt);
    return Math.max(0, startMs - takenMs, takenMs - startMs - durationMs);
  };
  const near = clips.filter((clip) => distanceOf(clip) <= SNAPSHOT_SLACK_MS);
  return near.toSorted((a, b) => distanceOf(a) - distanceOf(b))[0];
}
