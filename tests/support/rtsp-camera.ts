import { openAudioTrack } from './rtsp-camera/audio-track.ts';
import { CameraServer } from './rtsp-camera/camera-server.ts';
import type { Credentials } from './rtsp-camera/digest.ts';
import { type Sent, SentLog } from './rtsp-camera/sent-log.ts';
import type { CameraStream, StreamName, TimestampFault } from './rtsp-camera/stream.ts';
import type { AtEnd, Track } from './rtsp-camera/track.ts';
import { openVideoTrack, type Picture, pictureOf } from './rtsp-camera/video-track.ts';

export interface TestCameraOptions {
  /** A video file. It is made H.264 without B-frames once, and kept in the temporary folder of the machine. */
  readonly video: string;
  /** Of the main stream; the file's own when left out. */
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  /** Of the main stream, by libx264. */
  readonly encoding?: readonly string[];
  /** Distance of keyframes, 1 when left out. */
  readonly gopSeconds?: number;
  /** Of the sub-stream; what fits into 640x360 at 15 frames per second when left out. */
  readonly sub?: Picture | undefined;
  /** A tone in both streams. */
  readonly audio?: 'none' | 'pcma' | 'aac';
  /** Asks for them by Digest. */
  readonly credentials?: Credentials;
  /** Begins again at the end, at a keyframe. Else the last picture stays, and frames go on. */
  readonly loop?: boolean;
  /** Closes the connections when the video has ended. */
  readonly endAtEnd?: boolean;
  /**
   * As with a real camera, what is seen depends on the time since it started, and a client gets the stream from the next
   * keyframe on: the default. When false, each client gets the video from its beginning.
   */
  readonly sharedClock?: boolean;
}

/** A camera that plays a video, with the faults of real ones. Everything that is switched on stays until it is switched off. */
export interface TestCamera extends AsyncDisposable {
  /** With the credentials in it. */
  readonly mainUrl: string;
  readonly subUrl: string;
  readonly port: number;
  /** Clients that play now. */
  sessions(): number;
  /** How often a client began to play. */
  totalSessions(): number;
  /** The second of the video that is seen now; with clocks of their own, by the client that came last. */
  position(): number;
  /** Goes on at the keyframe at or before this second, in both streams. */
  seek(seconds: number): void;
  /** Closes the port; clients that are there stay. */
  refuse(on: boolean): void;
  /** Cuts all connections. */
  drop(): void;
  /** Connections stay, and nothing comes: neither frames nor answers. */
  stall(on: boolean, which?: StreamName): void;
  /** Frames and timestamps go on, with the picture of the last keyframe. */
  freeze(on: boolean, which?: StreamName): void;
  /** All goes at this share of real time. */
  slow(factor: number): void;
  /**
   * `backwards`: every other second is stamped 1.5 s early. `jump`: leaps an hour ahead each second.
   * `constant`: all frames carry the timestamp of the last one.
   */
  badTimestamps(mode: TimestampFault): void;
  /** One more is answered with 453, as cheap cameras do. */
  maxSessions(count: number | undefined): void;
  /** Answers 401 to any credentials. */
  unauthorized(on: boolean): void;
  /** Cuts all connections and takes none for so long. Timestamps are new, as they are for each session. */
  reboot(awayMs: number): void;
  sent(which: StreamName): Sent;
}

export async function openTestCamera(options: TestCameraOptions): Promise<TestCamera> {
  const { main, sub } = await openStreams(options);
  const server = new CameraServer({
    streams: { main, sub },
    credentials: options.credentials,
    sharedClock: options.sharedClock ?? true,
  });
  await server.listen();
  return createTestCamera(server, { main, sub });
}

async function openStreams(options: TestCameraOptions): Promise<Record<StreamName, CameraStream>> {
  const own = await pictureOf(options.video);
  const main = { width: options.width ?? own.width, height: options.height ?? own.height, fps: options.fps ?? own.fps };
  const sounds = options.audio === undefined || options.audio === 'none' ? [] : [await openAudioTrack(options.audio)];
  return {
    main: await openStream('main', { ...main, encoding: options.encoding }, { options, sounds }),
    sub: await openStream('sub', options.sub ?? smaller(main), { options, sounds }),
  };
}

async function openStream(
  name: StreamName,
  picture: Picture,
  { options, sounds }: { options: TestCameraOptions; sounds: readonly Track[] },
): Promise<CameraStream> {
  const video = await openVideoTrack(options.video, { ...picture, gopSeconds: options.gopSeconds ?? 1, atEnd: atEnd(options) });
  const faultless = { stalled: false, frozen: false, timestamps: 'none' } as const;
  return { name, video, tracks: [video, ...sounds], sent: new SentLog(picture.fps), ...faultless };
}

const atEnd = ({ loop = false, endAtEnd = false }: TestCameraOptions): AtEnd => (loop ? 'loop' : endAtEnd ? 'close' : 'hold');

/** What fits into 640x360 with the same shape, in even numbers as the encoder wants them. */
function smaller({ width, height, fps }: Picture): Picture {
  const share = Math.min(1, 640 / width, 360 / height);
  const even = (length: number): number => 2 * Math.round((length * share) / 2);
  return { width: even(width), height: even(height), fps: Math.min(fps, 15) };
}

function createTestCamera(server: CameraServer, streams: Record<StreamName, CameraStream>): TestCamera {
  const of = (which: StreamName | undefined): CameraStream[] =>
    which === undefined ? [streams.main, streams.sub] : [streams[which]];
  const { credentials, port } = server;
  const userInfo =
    credentials === undefined ? '' : `${encodeURIComponent(credentials.user)}:${encodeURIComponent(credentials.password)}@`;
  return {
    mainUrl: `rtsp://${userInfo}127.0.0.1:${port}/main`,
    subUrl: `rtsp://${userInfo}127.0.0.1:${port}/sub`,
    port,
    sessions: () => server.sessions(),
    totalSessions: () => server.totalSessions,
    position: () => server.position(),
    seek: (seconds) => server.seek(seconds),
    refuse: (on) => server.refuse(on),
    drop: () => server.drop(),
    stall: (on, which) => {
      for (const stream of of(which)) stream.stalled = on;
    },
    freeze: (on, which) => {
      for (const stream of of(which)) stream.frozen = on;
    },
    slow: (factor) => server.clock.run(factor),
    badTimestamps: (mode) => {
      for (const stream of of(undefined)) stream.timestamps = mode;
    },
    maxSessions: (count) => {
      server.maxSessions = count;
    },
    unauthorized: (on) => {
      server.locked = on;
    },
    reboot: (awayMs) => server.reboot(awayMs),
    sent: (which) => streams[which].sent.read(),
    [Symbol.asyncDispose]: () => server.close(),
  };
}
