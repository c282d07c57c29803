import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { formatReport } from '../config/issue.ts';
import { loadConfig } from '../config/load.ts';
import type { Registry } from '../plugins/registry.ts';
import type { App } from './app.ts';
import type { CamerasOf } from './camera-set.ts';

const LOOK_EVERY_MS = 2_000;

export interface FollowOptions {
  readonly file: string;
  readonly builtin: Registry;
  readonly apply: (configured: CamerasOf) => Promise<void>;
}

/** Applies the configuration's cameras anew each time that its file has changed, until the app stops. A broken file changes nothing. */
export async function followConfig({ signal, logger }: App, { file, builtin, apply }: FollowOptions): Promise<void> {
  let last = await stateOf(file);
  while (!signal.aborted) {
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    const state = await stateOf(file);
    // A file that is not there is being replaced.
    if (state === undefined || state === last || signal.aborted) continue;
    last = state;
    const loaded = await loadConfig(file, builtin);
    if (!loaded.ok) {
      logger.error(
        { problems: formatReport(loaded.error) },
        'the configuration was changed and is wrong; cameras go on as they were',
      );
      continue;
    }
    const { config, registry, facts } = loaded.value;
    await apply({ config, registry, cameraNames: facts.cameraNames }).catch((error: unknown) => {
      logger.error({ err: error }, 'a camera cannot be recorded as the changed configuration says');
    });
  }
}

const stateOf = (file: string): Promise<string | undefined> =>
  stat(file).then(
    ({ mtimeMs, size, ino }) => `${mtimeMs}-${size}-${ino}`,
    () => undefined,
  );
