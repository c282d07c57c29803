import type { SentSpan } from '../rtsp-camera/sent-log.ts';
import { CODED, isMoving } from './coded-video.ts';

/** A time in which a fault, and what was needed to get over it, may cost pictures. Milliseconds since 1970. */
export interface Excuse {
  readonly fromMs: number;
  readonly untilMs: number;
  /** What was sent in it was no picture of its moment. */
  readonly isFrozen: boolean;
}

export interface FoundClip {
  readonly name: string;
  readonly startMs: number;
  /** Numbers of its pictures. */
  readonly codes: readonly number[];
}

export interface Coverage {
  /** Pictures that were sent while something moved and outside of any excuse. */
  readonly required: number;
  readonly moving: number;
  /** Of those required, in no clip: the moments at which they were sent. */
  readonly missingAtMs: readonly number[];
  /** In two clips: their names. */
  readonly twice: readonly string[];
}

/** What was sent, against what is in the clips. The camera began at `beganAtMs` and plays its minute again and again. */
export function compareCoverage(
  { beganAtMs, spans }: { readonly beganAtMs: number; readonly spans: readonly SentSpan[] },
  clips: readonly FoundClip[],
  excuses: readonly Excuse[],
): Coverage {
  const frameMs = 1_000 / CODED.fps;
  /** The same picture comes each minute: when it was seen, roughly, tells which time it was. */
  const placeOf = (code: number, atMs: number): number =>
    code + CODED.frames * Math.round(((atMs - beganAtMs) / frameMs - code) / CODED.frames);
  const sent = new Map<number, number>();
  for (const { fromSecond, toSecond, firstFrameAtMs } of spans) {
    const first = Math.round(fromSecond * CODED.fps);
    for (let code = first; code < Math.round(toSecond * CODED.fps); code += 1) {
      const atMs = firstFrameAtMs + (code - first) * frameMs;
      sent.set(placeOf(code, atMs), atMs);
    }
  }
  const found = new Map<number, Set<string>>();
  for (const { name, startMs, codes } of clips) {
    for (const [index, code] of codes.entries()) {
      const place = placeOf(code, startMs + index * frameMs);
      found.set(place, (found.get(place) ?? new Set()).add(name));
    }
  }
  const isExcused = (atMs: number): boolean => excuses.some(({ fromMs, untilMs }) => atMs >= fromMs && atMs <= untilMs);
  const isFrozen = (atMs: number): boolean =>
    excuses.some((excuse) => excuse.isFrozen && atMs >= excuse.fromMs && atMs <= excuse.untilMs);
  const moving = [...sent].filter(([place]) => isMoving(place));
  const required = moving.filter(([, atMs]) => !isExcused(atMs));
  const twice = [...found].filter(([place, names]) => names.size > 1 && sent.has(place) && !isFrozen(sent.get(place) ?? 0));
  return {
    required: required.length,
    moving: moving.length,
    missingAtMs: required.filter(([place]) => !found.has(place)).map(([, atMs]) => atMs),
    twice: [...new Set(twice.map(([, names]) => [...names].toSorted().join(' and ')))],
  };
}
