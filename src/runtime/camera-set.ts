import { setTimeout as delay } from 'node:timers/promises';
import type { CameraConfig } from '../config/schema.ts';
import { backoffMs } from '../kit/backoff.ts';
import type { ClipSink, ClipSource } from '../plugins/spec/source.ts';
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
  readonly source: ClipSource;
  /** What it was started with. */
  readonly terms: string;
}

export function createCameraSet(app: App, sink: ClipSink): CameraSet {
  const recordings = new Map<string, Recording>();
  async function end(name: string): Promise<void> {
    const recording = recordings.get(name);
    recordings.delete(name);
    await recording?.source.stop();
  }
  async function begin(configured: CamerasOf, camera: CameraConfig): Promise<void> {
    await end(camera.name);
    const source = await loadSource({ ...app, ...configured }, camera);
    // Asked to end meanwhile: whoever stops the others does not know this one.
    if (app.signal.aborted) return;
    recordings.set(camera.name, { source, terms: termsOf(camera) });
    if (!(await hasStarted(camera.name, source))) void startLater(camera.name, source);
  }
  /** One camera that cannot start, say on a full disk, keeps no other from recording. */
  async function hasStarted(name: string, source: ClipSource): Promise<boolean> {
    try {
      await source.start(sink);
      return true;
    } catch (error) {
      app.logger.error({ camera_name: name, err: error }, 'a camera cannot be recorded yet; trying again');
      return false;
    }
  }
  async function startLater(name: string, source: ClipSource): Promise<void> {
    const isWanted = (): boolean => !app.signal.aborted && recordings.get(name)?.source === source;
    for (let failures = 1; ; failures += 1) {
      await delay(backoffMs(RETRY, failures, Math.random), undefined, { signal: app.signal }).catch(() => undefined);
      if (!isWanted() || (await hasStarted(name, source))) return;
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
    report: () => Object.fromEntries([...recordings].map(([name, { source }]) => [name, source.status()])),
    stop: async () => void (await Promise.all([...recordings.keys()].map(end))),
  };
}

const termsOf = ({ source }: CameraConfig): string => JSON.stringify(source);
