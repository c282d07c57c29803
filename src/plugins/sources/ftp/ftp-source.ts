import { join, resolve } from 'node:path';
import { createFolderIntake } from '../../../intake/folder-intake.ts';
import { cameraFolderName } from '../../../kit/camera-folder.ts';
import type { PluginContext } from '../../spec/plugin.ts';
import type { ClipSink, ClipSource, SourceStatus } from '../../spec/source.ts';
import { type CameraHome, createCameraHome } from './camera-home.ts';
import type { FtpConfig } from './config.ts';
import { createKeptPictures } from './kept-pictures.ts';
import type { Account } from './server/settings.ts';
import type { ServerLease, ServerPool } from './server-pool.ts';
import { serverSettingsOf } from './server-settings.ts';
import { createTakeUpload, JPEG_EXTENSIONS } from './take-upload.ts';

export const BACKEND = 'ftp';

/** Where no file events arrive. Uploads are on a local disk as a rule. */
const POLL_MS = 5_000;

/** All that one camera's source consists of while it runs. */
interface Running {
  readonly home: CameraHome;
  readonly intake: ClipSource;
  readonly lease: ServerLease;
}

/** Takes what one camera uploads. The server belongs to all cameras of the same address. */
export function createFtpSource(config: FtpConfig, context: PluginContext, servers: ServerPool): ClipSource {
  let running: Running | undefined;
  let isStopped = false;
  let lastLoginAt: string | undefined;
  const account = (home: CameraHome): Account => ({
    user: config.user,
    home,
    readPassword: passwordReader(config, context),
    onLogin: () => {
      lastLoginAt = context.clock.now();
    },
  });
  return {
    async start(sink) {
      warnOfAnonymous(config, context);
      const home = homeOf(config, context, sink);
      const intake = intakeOf(config, context, home);
      await openQuietly(home, context);
      await intake.start(sink);
      const lease = servers.lease(serverSettingsOf(config), account(home), context.logger);
      running = { home, intake, lease };
      await lease.tried;
    },
    async stop() {
      isStopped = true;
      await running?.lease.release();
      running?.home.close();
      await running?.intake.stop();
    },
    status() {
      if (running === undefined) return { state: isStopped ? 'stopped' : 'starting', problems: [] };
      const ofFolder = running.intake.status();
      const problems = [...ofFolder.problems, ...running.home.waiting()];
      const message = isStopped ? undefined : (running.lease.problem() ?? passwordProblem(config, context));
      if (message !== undefined) return { state: 'offline', message, problems };
      return { ...ofFolder, ...lastLogin(ofFolder, lastLoginAt), problems };
    },
  };
}

/** Cameras connect only to upload, so nothing can be said of one that is silent but when it was last heard of. */
const lastLogin = ({ state }: SourceStatus, at: string | undefined): Pick<SourceStatus, 'message'> =>
  state === 'watching' && at !== undefined ? { message: `last login ${at}` } : {};

function passwordReader({ password_env: variable }: FtpConfig, { readSecret }: PluginContext): Account['readPassword'] {
  return variable === undefined ? undefined : () => readSecret(variable);
}

function passwordProblem(config: FtpConfig, context: PluginContext): string | undefined {
  const password = passwordReader(config, context)?.();
  return password?.ok === false ? `the camera cannot log in: ${password.error.message}` : undefined;
}

function warnOfAnonymous({ anonymous, user, host, port }: FtpConfig, { logger, cameraName }: PluginContext): void {
  if (!anonymous) return;
  const fields = { camera_name: cameraName, user, host, port };
  logger.warn(fields, 'ANONYMOUS FTP IS ON: anyone who reaches this port can upload video as this camera');
}

function homeOf(config: FtpConfig, { cameraName = '', clock }: PluginContext, sink: ClipSink): CameraHome {
  const inSpool = join(sink.scratchDir, cameraFolderName(BACKEND, cameraName));
  return createCameraHome({
    folder: config.root_dir === undefined ? inSpool : resolve(config.root_dir, config.user),
    footage: new Set([...config.extensions, ...JPEG_EXTENSIONS]),
    resumeWaitMs: config.resume_wait_s * 1000,
    now: () => clock.now(),
  });
}

/** A disk that is away is awaited by the intake; uploads make the folders they need. */
async function openQuietly(home: CameraHome, { logger, cameraName }: PluginContext): Promise<void> {
  try {
    await home.open();
  } catch (cause) {
    logger.warn({ camera_name: cameraName, err: cause }, "the folder of a camera's uploads cannot be used yet");
  }
}

function intakeOf(config: FtpConfig, context: PluginContext, home: CameraHome): ClipSource {
  const takeUpload = createTakeUpload({
    fileNameTime: config.file_name_time,
    jpegClips: config.jpeg_clips,
    snapshotWaitMs: config.snapshot_wait_s * 1000,
    pictures: createKeptPictures(home.snapshots, config.keep_snapshots),
    clock: context.clock,
  });
  return createFolderIntake({
    backend: BACKEND,
    listing: { watchDir: home.uploads, extensions: new Set([...config.extensions, ...JPEG_EXTENSIONS]), recursive: true },
    take: 'move',
    settleMs: config.settle_s * 1000,
    pollMs: POLL_MS,
    takeFile: takeUpload,
    context,
  });
}
