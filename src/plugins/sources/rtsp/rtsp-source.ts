import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cameraFolderName } from '../../../kit/camera-folder.ts';
import { endLeftovers } from '../../../kit/leftovers.ts';
import type { PluginContext } from '../../spec/plugin.ts';
import type { ClipSink, ClipSource } from '../../spec/source.ts';
import { adoptLeftovers } from './adopt.ts';
import { type CameraLink, keepConnected } from './camera-link.ts';
import type { RtspConfig } from './config.ts';
import { startingConnection, statusOf } from './connection-state.ts';
import { diagnoseCamera } from './diagnose.ts';
import { createFragmentFiles } from './fragment-files.ts';
import { createMotionEye, FRESH_MS } from './motion-eye.ts';
import { openPartJournal } from './part-journal.ts';
import { openPartSealer, type PartSealer } from './part-sealer.ts';
import type { RecorderSettings } from './recorder.ts';
import { createRecordingDesk, type RecordingDesk } from './recording-desk.ts';

/** A process left over by a killed recorder holds a session of the camera and writes on: it goes at once; its fragments stay. */
const AT_ONCE = { signal: 'SIGKILL', graceMs: 2_000 } as const;
/** An event whose connection was lost goes on under its id when the camera is back within this time. */
const RESUME_WITHIN_MS = 60_000;
/** How long stopping waits for what is being sealed; what is left then is sealed at the next start. */
const SEAL_ON_STOP_MS = 15_000;

interface Running {
  readonly link: CameraLink;
  readonly desk: RecordingDesk;
  readonly sealer: PartSealer;
  readonly abandon: AbortController;
  readonly done: Promise<void>;
}

/** Records what happens in front of one RTSP camera, for ever. */
export function createRtspSource(config: RtspConfig, context: PluginContext): ClipSource {
  const { cameraName = '', clock } = context;
  let running: Running | undefined;
  let stopped: Promise<void> | undefined;
  let beginning = startingConnection(clock.now());
  return {
    async start(sink) {
      running = await startRecording(sink);
    },
    stop() {
      stopped ??= running === undefined ? Promise.resolve() : stopRecording(running);
      beginning = { ...beginning, state: 'stopped' };
      return stopped;
    },
    diagnose: () => diagnoseCamera(config, context),
    status() {
      const connection = stopped === undefined && running !== undefined ? running.link.connection() : beginning;
      const facts = { isRecording: running?.desk.isRecording() ?? false, notes: running?.link.notes() ?? [] };
      return { ...statusOf(connection, facts), problems: running?.sealer.problems() ?? [] };
    },
  };

  async function startRecording(sink: ClipSink): Promise<Running> {
    const { logger } = context;
    // The spool's disk: what is recorded here can be moved into it.
    const folder = join(sink.scratchDir, cameraFolderName('rtsp', cameraName));
    const pids = join(folder, 'pids');
    await mkdir(pids, { recursive: true, mode: 0o700 });
    await endLeftovers(pids, AT_ONCE);
    const abandon = new AbortController();
    const files = createFragmentFiles(folder);
    const journal = await openPartJournal(folder);
    const sealer = await openPartSealer({ cameraName, folder, sink, files, journal, logger, signal: abandon.signal });
    const cutOff = await adoptLeftovers({ files, journal, sealer });
    const settings = recorderSettings(config);
    const desk = createRecordingDesk({
      ...{ cameraName, settings, files, journal, sealer, logger },
      ...(cutOff === undefined ? {} : { cutOff }),
    });
    const memoryFile = join(folder, 'picture.memory');
    const memory = cutOff === undefined ? undefined : await readIfFresh(memoryFile);
    const eye = createMotionEye({
      ...{ config, context, desk },
      ...(memory === undefined ? {} : { memory }),
      // For an event that a kill cuts off: who stands in the picture then is known to be no part of it.
      onEvent: (before) => void writeFile(memoryFile, before).catch(() => undefined),
    });
    const link = keepConnected({ config, context, folder, pids, files, desk, eye });
    const done = link.ended.finally(() => eye[Symbol.dispose]());
    return { link, desk, sealer, abandon, done };
  }
}

async function readIfFresh(path: string): Promise<Uint8Array | undefined> {
  try {
    const { mtimeMs } = await stat(path);
    return Date.now() - mtimeMs < FRESH_MS ? await readFile(path) : undefined;
  } catch {
    return undefined;
  }
}

async function stopRecording({ link, desk, sealer, abandon, done }: Running): Promise<void> {
  link.stop();
  await done;
  await desk.settled();
  const late = delay(SEAL_ON_STOP_MS, undefined, { signal: abandon.signal }).catch(() => undefined);
  await Promise.race([sealer.settled(), late]);
  abandon.abort();
  await sealer.settled();
}

const recorderSettings = ({ recording }: RtspConfig): RecorderSettings => ({
  preRollMs: recording.pre_roll_s * 1000,
  stopDelayMs: recording.stop_delay_s * 1000,
  maxRecordingMs: recording.max_recording_s * 1000,
  resumeWithinMs: RESUME_WITHIN_MS,
});
