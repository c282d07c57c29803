import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs } from '../../../kit/backoff.ts';
import type { PluginContext } from '../../spec/plugin.ts';
import { type CameraProfile, readProfile, writeProfile } from './camera-profile.ts';
import type { CameraUrls } from './camera-urls.ts';
import type { RtspConfig } from './config.ts';
import type { ConnectionState } from './connection-state.ts';
import type { FragmentFiles } from './fragment-files.ts';
import type { MainLink } from './main-link.ts';
import type { MotionEye } from './motion-eye.ts';
import type { RecordingDesk } from './recording-desk.ts';

/** What a camera's connections are made with. */
export interface CameraLinkDeps {
  readonly config: RtspConfig;
  readonly context: PluginContext;
  readonly folder: string;
  readonly pids: string;
  readonly files: FragmentFiles;
  readonly desk: RecordingDesk;
  readonly eye: MotionEye;
}

/** What the loops of a camera share. */
export interface LinkedCamera extends CameraLinkDeps {
  readonly stopping: AbortController;
  connection: ConnectionState;
  urls: CameraUrls | undefined;
  profile: CameraProfile | undefined;
  main: MainLink | undefined;
  /** Attempts in a row to record the main stream, of which all but a first one gave nothing. */
  mainFailures: number;
  /** Of the present only: a detect stream that is lost, hardware that was given up. */
  readonly passingNotes: Map<string, string>;
}

/** @param isPassing true: holds until the source is started anew. */
export async function remember(camera: LinkedCamera, profile: CameraProfile, isPassing = false): Promise<void> {
  camera.profile = profile;
  if (isPassing) return;
  await writeProfile(profilePath(camera), profile).catch((cause: unknown) => {
    camera.context.logger.warn(
      { camera_name: camera.context.cameraName, err: cause },
      'what was learned of the camera is not kept',
    );
  });
}

/** What an earlier start has learned. */
export const recall = (camera: LinkedCamera): Promise<CameraProfile | undefined> => readProfile(profilePath(camera));

const profilePath = ({ folder }: LinkedCamera): string => join(folder, 'profile.json');

/** Waits before the next attempt, longer after each failure. */
export async function pause({ config, stopping }: LinkedCamera, failures: number): Promise<void> {
  const { backoff_s: initialS, max_backoff_s: maxS } = config.reconnect;
  const waitMs = backoffMs({ initialMs: initialS * 1000, maxMs: maxS * 1000 }, Math.max(failures, 1), Math.random);
  await delay(waitMs, undefined, { signal: stopping.signal }).catch(() => undefined);
}
