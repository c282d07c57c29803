import type { SentLog } from './sent-log.ts';
import type { Track, VideoTrack } from './track.ts';

export type StreamName = 'main' | 'sub';

export type TimestampFault = 'none' | 'backwards' | 'jump' | 'constant';

/** One of the two pictures of a camera, with what is wrong with it now. */
export interface CameraStream {
  readonly name: StreamName;
  readonly video: VideoTrack;
  /** Video first. */
  readonly tracks: readonly Track[];
  readonly sent: SentLog;
  stalled: boolean;
  frozen: boolean;
  timestamps: TimestampFault;
}
