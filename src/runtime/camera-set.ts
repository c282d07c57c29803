import { setTimeout as delay } from 'node:timers/promises';
import type { CameraConfig } from '../config/schema.ts';
import { backoffMs } from '../kit/backoff.ts';
import { reasonOf } from '../kit/thrown-reason.ts';
import type { ClipSink, ClipSource, SourceStatus } from '../plugins/spec/source.ts';
import type { App } from './app.ts';
import { enabledCameras, loadSource } from './compose.ts';
import type { SourceReport } from './source-report.ts';

/** What of an app decides how its cameras record; the rest of it stays as it was when the process started. */
export type CamerasOf = Pick<App, 'config' | 'registry' | 'cameraNames'>;

/** The cameras that record on this machine, each by itself. */
export interface CameraSet {
  /** Makes what records be what is configured: cameras that stay as they are do not notice. */
  apply(configured: CamerasOf): Promise<void>;
  report(): SourceReport;
  stop(): Promise<void>;
}

const RETRY = { initialMs: 1_000, maxMs: 60_000 };

interface Recording {
  /** What it was begun with. */
  readonly terms: string;
  readonly load: () => Promise<ClipSource>;
  /** Once its plugin has been loaded. */
  source?: ClipSource;
  /** Why it has not been, in words for the owner. */
  trouble?: string;
}

export function createCameraSet(app: App, sink: ClipSink): CameraSet {
  const recordings = new Map<string, Recording>();
  async function end(name: string): Promise<void> {
    const recording = recordings.get(name);
    recordings.delete(name);
    await recording?.source?.stop();
  }
  async function begin(configured: CamerasOf, camera: CameraConfig): Promise<void> {
    await end(camera.name);
    // Asked to end meanwhile: whoever stops the others does not know this one.
    if (app.signal.aborted) return;
    const recording = { terms: termsOf(camera), load: () => loadSource({ ...app, ...configured }, camera) };
    recordings.set(camera.name, recording);
    if (!(await hasStarted(camera.name, recording))) void startLater(camera.name, recording);
  }
  const isWanted = (name: string, recording: Recording): boolean => !app.signal.aborted && recordings.get(name) === recording;
  /** One camera that cannot start, say on a full disk or for want of a package, keeps no other from recording. */
  async function hasStarted(name: string, recording: Recording): Promise<boolean> {
    try {
      recording.source ??= await recording.load();
      // Whoever ended it while it was loaded found nothing to stop.
      if (isWanted(name, recording)) await recording.source.start(sink);
      return true;
    } catch (error) {
      recording.trouble = reasonOf(error);
      app.logger.error({ camera_name: name, err: error }, 'a camera cannot be recorded yet; trying again');
      return false;
    }
  }
  async function startLater(name: string, recording: Recording): Promise<void> {
    for (let failures = 1; ; failures += 1) {
      await delay(backoffMs(RETRY, failures, Math.random), undefined, { signal: app.signal }).catch(() => undefined);
      if (!isWanted(name, recording) || (await hasStarted(name, recording))) return;
    }
  }
  return {
    async apply(configured) {
      const wanted = enabledCameras(configured.config);
      const gone = [...recordings.keys()].filter((name) => wanted.every((camera) => camera.name !== name));
      const changed = wanted.filter((camera) => recordings.get(camera.name)?.terms !== termsOf(camera));
      await Promise.all([...gone.map(end), ...changed.map((camera) => begin(configured, camera))]);
      const fields = { cameras: wanted.map(({ name }) => name), restarted: changed.map(({ name }) => name), ended: gone };
      if (gone.length + changed.length > 0) app.logger.info(fields, 'recording');
    },
    report: () => Object.fromEntries([...recordings].map(([name, recording]) => [name, statusOf(recording)])),
    stop: async () => void (await Promise.all([...recordings.keys()].map(end))),
  };
}

function statusOf({ source, trouble }: Recording): SourceStatus {
  if (source !== undefined) return source.status();
  if (trouble === undefined) return { state: 'starting', problems: [] };
  return { state: 'offline', message: `its source cannot be loaded: ${trouble}`, problems: [] };
}

const termsOf = ({ source }: CameraConfig): string => JSON.stringify(source);
