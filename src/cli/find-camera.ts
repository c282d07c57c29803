import type { CameraConfig } from '../config/schema.ts';
import type { ConfiguredApp } from './open-app.ts';
import { unknownName } from './unknown-name.ts';

/** The camera that is configured under this name. Throws a `CliError` that helps with a name that none has. */
export function findCamera({ config, cameraNames }: ConfiguredApp, name: string): CameraConfig {
  const camera = config.cameras.find((one) => one.name === name);
  if (camera === undefined) throw unknownName('camera', name, cameraNames);
  return camera;
}
