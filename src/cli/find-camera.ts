import type { CameraConfig } from '../config/schema.ts';
import { nearestTo } from '../domain/nearest.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import type { ConfiguredApp } from './open-app.ts';

/** The camera that is configured under this name. Throws a `CliError` that helps with a name that none has. */
export function findCamera({ config, cameraNames }: ConfiguredApp, name: string): CameraConfig {
  const camera = config.cameras.find((one) => one.name === name);
  if (camera !== undefined) return camera;
  const nearest = nearestTo(name, cameraNames);
  const fix = nearest === undefined ? `configured are: ${cameraNames.join(', ') || 'none'}` : `did you mean ${nearest}?`;
  throw new CliError(`no camera is called ${name}; ${fix}`, EXIT.failed);
}
