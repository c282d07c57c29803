import type { MotionRecording } from '../domain/motion-recording.ts';
import type { FrameSize } from './frame-size.ts';
import { createMotionDetector, type MotionReading } from './motion-detector.ts';

/** What would have been recorded, in media time. */
export interface RecordedSpan {
  readonly startMs: number;
  readonly endMs: number;
  /** Of the watched cells, the largest share that changed at once. */
  readonly peakShare: number;
}

export interface TrialReading extends MotionReading {
  readonly atMs: number;
  /** Whether it is recording with this frame. */
  readonly recording: boolean;
}

/** Tries on frames of a file what a camera would record of them. */
export interface MotionTrial {
  look(frame: Uint8Array, atMs: number): TrialReading;
  /** @returns all spans, once no frame is left; without overlaps, in the order of time. */
  end(): readonly RecordedSpan[];
}

export function createMotionTrial(rules: MotionRecording, size: FrameSize): MotionTrial {
  const detector = createMotionDetector(rules.motion, size);
  let spans: readonly RecordedSpan[] = [];
  let lastAtMs = 0;
  const look = (frame: Uint8Array, atMs: number): TrialReading => {
    const seen = { ...detector.look(frame, { atMs, recording: isRecording(spans, atMs) }), atMs };
    spans = recordReading(spans, seen, rules);
    lastAtMs = atMs;
    return { ...seen, recording: isRecording(spans, atMs) };
  };
  return { look, end: () => spans.map((span) => ({ ...span, endMs: Math.min(span.endMs, lastAtMs) })) };
}

/** The last span ends at a time to come for as long as it is being recorded. */
const isRecording = (spans: readonly RecordedSpan[], atMs: number): boolean => atMs < (spans.at(-1)?.endMs ?? 0);

function recordReading(
  spans: readonly RecordedSpan[],
  { moving, share, atMs }: Omit<TrialReading, 'recording'>,
  { preRollMs, stopDelayMs }: MotionRecording,
): readonly RecordedSpan[] {
  const last = spans.at(-1);
  if (last !== undefined && isRecording(spans, atMs)) {
    const endMs = moving ? atMs + stopDelayMs : last.endMs;
    return [...spans.slice(0, -1), { ...last, endMs, peakShare: Math.max(last.peakShare, share) }];
  }
  if (!moving) return spans;
  const startMs = Math.max(last?.endMs ?? 0, atMs - preRollMs);
  return [...spans, { startMs, endMs: atMs + stopDelayMs, peakShare: share }];
}
