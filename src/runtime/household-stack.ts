import { setTimeout as delay } from 'node:timers/promises';
import { type EmbeddedStack, openEmbeddedStack } from '../embedded/embedded-stack.ts';
import { backoffMs } from '../kit/backoff.ts';
import { type App, MQTT_URL_VARIABLE } from './app.ts';
import { hasOwnTemporal } from './temporal-access.ts';

/**
 * The embedded servers that the configuration leaves to us, coming up in the background: recording does not wait for them,
 * and a server that will not start is tried again for ever.
 */
export function openHouseholdStack(app: App, tell: (line: string) => void): AsyncDisposable {
  const opening = openUntilStopped(app, tell);
  return {
    async [Symbol.asyncDispose]() {
      await (await opening)?.close();
    },
  };
}

async function openUntilStopped(app: App, tell: (line: string) => void): Promise<EmbeddedStack | undefined> {
  for (let failures = 1; !app.signal.aborted; failures += 1) {
    try {
      return await openEmbeddedStack({
        dataDir: app.folders.data,
        ...partsOf(app),
        onProgress: ({ part, message }) => tell(`${part}: ${message}`),
      });
    } catch (error) {
      app.logger.error(
        { error: error instanceof Error ? error.message : String(error) },
        'the embedded servers did not start; trying again',
      );
      await delay(backoffMs({ initialMs: 1000, maxMs: 60_000 }, failures, Math.random), undefined, { signal: app.signal }).catch(
        () => undefined,
      );
    }
  }
  return undefined;
}

/** What is configured elsewhere is not started here. */
export const partsOf = ({ config }: Pick<App, 'config'>) => ({
  ...(hasOwnTemporal(config) ? { temporal: false as const } : {}),
  ...(config.state_store === undefined ? {} : { postgres: false as const }),
  ...(config.notifiers === undefined && process.env[MQTT_URL_VARIABLE] === undefined ? {} : { broker: false as const }),
});
