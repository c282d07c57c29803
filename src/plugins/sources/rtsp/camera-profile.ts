import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { StreamFacts } from '../../../media/probe-stream.ts';
import type { CameraUrls } from './camera-urls.ts';
import { videoWords } from './camera-words.ts';
import type { RtspConfig } from './config.ts';

/** What was found out about a camera, kept for the next start. */
export interface CameraProfile {
  /** Of the addresses and settings that it holds for. */
  readonly key: string;
  readonly audio: 'copy' | 'aac' | 'none';
  readonly isTimedByArrival: boolean;
  /** One connection for everything: there is no other stream, or the camera allows no second one. */
  readonly sessions: 'one' | 'two';
  /** What the owner should know of it. */
  readonly notes: readonly string[];
}

const profileSchema = z.object({
  key: z.string(),
  audio: z.enum(['copy', 'aac', 'none']),
  isTimedByArrival: z.boolean(),
  sessions: z.enum(['one', 'two']),
  notes: z.array(z.string()),
}) satisfies z.ZodType<CameraProfile>;

/** Audio that goes into MPEG-TS and into MP4 as it is. */
const COPIED_AUDIO = new Set(['aac', 'mp3', 'mp2', 'ac3', 'eac3']);
/** Video that does. */
export const RECORDABLE_VIDEO = new Set(['h264', 'hevc']);

/** Remembered knowledge holds for the very same addresses and settings only. */
export const profileKey = ({ main, detect = '' }: CameraUrls, { recording, stream }: RtspConfig): string =>
  createHash('sha256')
    .update(JSON.stringify([main, detect, recording.audio, stream.sessions, stream.timestamps]))
    .digest('hex');

/** What to try first with a camera whose main stream was looked at. An explicit setting is never overridden. */
export function firstProfile(urls: CameraUrls, config: RtspConfig, facts: StreamFacts): CameraProfile {
  const { audio } = config.recording;
  const isCopied = facts.audioCodec === undefined || COPIED_AUDIO.has(facts.audioCodec);
  const isOne = config.stream.sessions === 'one' || (urls.detect === undefined && config.stream.sessions === 'auto');
  const notes = [
    `main stream: ${videoWords(facts)}`,
    facts.audioCodec === undefined ? 'no audio' : `audio: ${facts.audioCodec}${isCopied ? '' : ', made AAC'}`,
    ...(urls.detect === undefined ? ['motion is looked for in the main stream: set detect_rtsp_url to spare the processor'] : []),
  ];
  return {
    key: profileKey(urls, config),
    audio: audio === 'auto' ? (isCopied ? 'copy' : 'aac') : audio,
    isTimedByArrival: config.stream.timestamps === 'arrival',
    sessions: isOne ? 'one' : 'two',
    notes,
  };
}

export const withoutSecondSession = (profile: CameraProfile, why: string): CameraProfile => ({
  ...profile,
  sessions: 'one',
  notes: [...profile.notes, `one connection for everything, motion from the main stream: ${why}`],
});

export const timedByArrival = (profile: CameraProfile): CameraProfile => ({
  ...profile,
  isTimedByArrival: true,
  notes: [...profile.notes, "pictures are timed by their arrival: the camera's own clock jumps"],
});

/** The next way to deal with audio that makes the recording fail; undefined when there is none left. */
export function withLessAudio(profile: CameraProfile): CameraProfile | undefined {
  if (profile.audio === 'none') return undefined;
  const audio = profile.audio === 'copy' ? 'aac' : 'none';
  const note = audio === 'aac' ? 'audio is made AAC: as it is, it cannot be recorded' : 'no audio: it cannot be recorded';
  return { ...profile, audio, notes: [...profile.notes, note] };
}

export async function readProfile(path: string): Promise<CameraProfile | undefined> {
  try {
    return profileSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    // Nothing is known yet, or nothing that can be read: the camera is asked again.
    return undefined;
  }
}

export async function writeProfile(path: string, profile: CameraProfile): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify(profile, undefined, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
