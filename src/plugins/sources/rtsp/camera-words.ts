import type { StreamFacts, StreamFailure } from '../../../media/probe-stream.ts';

/** What a failure to open a stream means for the owner, after "the camera". */
export const ADVICE: Readonly<Record<StreamFailure['code'], (message: string) => string>> = {
  refused: (message) => `does not answer: ${message}`,
  unauthorized: () => 'refuses user and password: see username and password_env',
  sessions: () => 'has no connection left: end other viewers, or raise its limit',
  not_found: () => 'has no such stream: see the path of rtsp_url',
  timeout: () => 'takes the connection and says nothing',
  no_video: (message) => message,
  other: (message) => message,
};

/** `h264 1920x1080 at 25 frames/s` */
export const videoWords = ({ videoCodec, width, height, fps }: StreamFacts): string =>
  `${videoCodec} ${width}x${height}${fps > 0 ? ` at ${Math.round(fps)} frames/s` : ''}`;
