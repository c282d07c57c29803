import { type CameraHost, openCameraHost } from '../../workers/camera-host.ts';
import { createBuiltinRegistry } from '../plugins/builtin.ts';
import { followConfig } from '../runtime/follow-config.ts';
import { valueOrExit } from './cli-error.ts';
import type { ConfiguredApp } from './open-app.ts';

/**
 * The cameras of this machine, recording, as the configuration says now and after each change of it. Comes first: whoever has
 * the spool has the household, and a second one ends here.
 */
export async function openCameras(app: ConfiguredApp): Promise<CameraHost> {
  const host = valueOrExit(await openCameraHost(app));
  const disposing = new AbortController();
  const signal = AbortSignal.any([app.signal, disposing.signal]);
  const following = followConfig(
    { ...app, signal },
    { file: app.configFile, builtin: createBuiltinRegistry(), apply: host.apply },
  );
  return {
    ...host,
    async [Symbol.asyncDispose]() {
      disposing.abort();
      await following;
      await host[Symbol.asyncDispose]();
    },
  };
}
