import { join } from 'node:path';
import { err, ok, type Result } from '../../../domain/result.ts';
import type { MediaExit } from '../../../media/media-process.ts';
import { probeStream, streamFailure } from '../../../media/probe-stream.ts';
import {
  type CameraProfile,
  firstProfile,
  profileKey,
  RECORDABLE_VIDEO,
  timedByArrival,
  withLessAudio,
  withoutSecondSession,
} from './camera-profile.ts';
import { type CameraUrls, resolveUrls } from './camera-urls.ts';
import { ADVICE } from './camera-words.ts';
import type { RtspConfig } from './config.ts';
import { type ConnectionState, cameOnline, startingConnection, wentAway } from './connection-state.ts';
import { keepDetecting } from './detect-loop.ts';
import { type CameraLinkDeps, type LinkedCamera, pause, recall, remember } from './linked-camera.ts';
import { type LinkEnd, openMainLink } from './main-link.ts';
import { ingestArgs, ioTimeoutMs } from './rtsp-args.ts';

/** A camera that is connected to for as long as the source runs. */
export interface CameraLink {
  readonly ended: Promise<void>;
  stop(): void;
  connection(): ConnectionState;
  notes(): readonly string[];
}

/** Keeps main and detect stream connected, each in a loop of its own: losing one does nothing to the other. */
export function keepConnected(deps: CameraLinkDeps): CameraLink {
  const camera: LinkedCamera = {
    ...deps,
    stopping: new AbortController(),
    connection: startingConnection(deps.context.clock.now()),
    urls: undefined,
    profile: undefined,
    main: undefined,
    mainFailures: 0,
    passingNotes: new Map(),
  };
  return {
    ended: Promise.all([keepRecording(camera), keepDetecting(camera)]).then(() => undefined),
    stop() {
      camera.stopping.abort();
      camera.main?.replace();
    },
    connection: () => camera.connection,
    notes: () => [...(camera.profile?.notes ?? []), ...camera.passingNotes.values()],
  };
}

async function keepRecording(camera: LinkedCamera): Promise<void> {
  while (!camera.stopping.signal.aborted) {
    const ready = await prepare(camera);
    const end = ready.ok ? await recordOnce(camera, ready.value) : ready;
    if (camera.stopping.signal.aborted) return;
    if (end.ok && end.value.fault === 'replaced') continue;
    camera.mainFailures = end.ok && end.value.fragments > 0 ? 1 : camera.mainFailures + 1;
    if (end.ok) await learnFrom(camera, end.value);
    noteAway(camera, end.ok ? reasonOf(end.value, camera.config) : end.error);
    await pause(camera, camera.mainFailures);
  }
}

interface Ready {
  readonly urls: CameraUrls;
  readonly profile: CameraProfile;
}

/** Addresses, and how to record what they send. @returns why that is not known, in words for the owner. */
async function prepare(camera: LinkedCamera): Promise<Result<Ready, string>> {
  const { config, context, stopping } = camera;
  const urls = resolveUrls(config, context.readSecret);
  if (!urls.ok) return err(urls.error.message);
  camera.urls = urls.value;
  const key = profileKey(urls.value, config);
  const known = camera.profile ?? (await recall(camera));
  if (known?.key === key) {
    camera.profile = known;
    return ok({ urls: urls.value, profile: known });
  }
  const request = { url: urls.value.main, timeoutMs: ioTimeoutMs(config), signal: stopping.signal };
  const facts = await probeStream(request).catch(() => err({ code: 'other' as const, message: 'stopping' }));
  if (!facts.ok) return err(ADVICE[facts.error.code](facts.error.message));
  if (!RECORDABLE_VIDEO.has(facts.value.videoCodec))
    return err(`the camera sends ${facts.value.videoCodec}; set it to H.264 or H.265`);
  const profile = firstProfile(urls.value, config, facts.value);
  await remember(camera, profile);
  return ok({ urls: urls.value, profile });
}

async function recordOnce(camera: LinkedCamera, { urls, profile }: Ready): Promise<Result<LinkEnd, string>> {
  const { config, desk, files, eye, pids } = camera;
  const withFrames = profile.sessions === 'one';
  const ingest = { audio: profile.audio, isTimedByArrival: profile.isTimedByArrival, withFrames };
  const opened = openMainLink({
    ...{ desk, files, timeoutMs: config.runtime.frame_timeout_s * 1000, isTimedByArrival: profile.isTimedByArrival },
    pidFile: join(pids, 'main.pid'),
    argsFor: (dir) => ingestArgs(urls.main, dir, { profile: ingest, config }),
    ...(withFrames ? { eye } : {}),
    onAlive: () => noteOnline(camera),
  });
  const link = await opened.catch((cause: unknown) => (cause instanceof Error ? cause : new Error(String(cause))));
  if (link instanceof Error) return err(`cannot be recorded for want of room: ${link.message}`);
  camera.main = link;
  if (camera.stopping.signal.aborted) link.replace();
  const end = await link.ended;
  camera.main = undefined;
  return ok(end);
}

/** What this end says about how the camera has to be taken. An explicit setting is never overridden. */
async function learnFrom(camera: LinkedCamera, end: LinkEnd): Promise<void> {
  const { profile, config } = camera;
  if (profile === undefined) return;
  if (end.fault === 'bad_timestamps' && config.stream.timestamps === 'auto') return remember(camera, timedByArrival(profile));
  if (end.fragments > 0 || end.fault !== undefined) return;
  const { code } = streamFailure(end.exit.complaint);
  if (code === 'sessions' && profile.sessions === 'two' && config.stream.sessions === 'auto')
    await remember(camera, withoutSecondSession(profile, 'the camera allows no second one'));
  const isAudio = code === 'other' && ABOUT_AUDIO.test(end.exit.complaint);
  const withLess = isAudio && config.recording.audio === 'auto' ? withLessAudio(profile) : undefined;
  if (withLess !== undefined) await remember(camera, withLess);
}

/** ffmpeg's words when it cannot begin to write what it was told to, which only audio can be the reason for. */
const ABOUT_AUDIO = /could not write header|error (initializing|while opening)|audio|\baac\b|sample rate|could not find tag/i;

const reasonOf = ({ fault, exit }: LinkEnd, config: RtspConfig): string =>
  fault === undefined ? reasonOfExit(exit) : FAULTS[fault](config);

const FAULTS: Readonly<Record<NonNullable<LinkEnd['fault']>, (config: RtspConfig) => string>> = {
  no_connection: () => 'does not send anything',
  stalled: ({ runtime }) => `has sent nothing for ${runtime.frame_timeout_s} s`,
  bad_timestamps: () => 'has a clock that jumps or stands still',
  frozen: ({ runtime }) => `has shown the same picture for ${runtime.frozen_after_s} s`,
  replaced: () => 'is being connected anew',
};

function reasonOfExit({ startError, complaint }: MediaExit): string {
  if (startError !== undefined) return `ffmpeg cannot be started: ${startError.message}`;
  if (complaint === '') return 'has ended the connection';
  const failure = streamFailure(complaint);
  return ADVICE[failure.code](failure.message);
}

function noteOnline(camera: LinkedCamera): void {
  const { context } = camera;
  if (camera.connection.state === 'online') return;
  camera.connection = cameOnline(camera.connection, context.clock.now());
  const { reconnects } = camera.connection;
  context.logger.info({ camera_name: context.cameraName, event_type: 'camera_online', reconnects }, 'the camera is online');
}

function noteAway(camera: LinkedCamera, error: string): void {
  const { context, connection } = camera;
  camera.connection = wentAway(connection, context.clock.now(), error);
  if (connection.state === 'away' && connection.lastError === error) return;
  context.logger.warn({ camera_name: context.cameraName, event_type: 'camera_away' }, `the camera ${error}`);
}
