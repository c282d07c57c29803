import { type CameraHost, openCameraHost } from '../../workers/camera-host.ts';
import type { App } from '../runtime/app.ts';
import { valueOrExit } from './cli-error.ts';

/** The cameras of this machine, recording. Comes first: whoever has the spool has the household, and a second one ends here. */
export const openCameras = async (app: App): Promise<CameraHost> => valueOrExit(await openCameraHost(app));
