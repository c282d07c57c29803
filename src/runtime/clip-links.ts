import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { openClipServer } from '../clip-server/clip-server.ts';
import { type ClipOnHost, fetchClip } from '../clip-server/fetch-clip.ts';
import { backoffMs } from '../kit/backoff.ts';
import { systemClock } from '../kit/clock.ts';
import { readSecret } from '../kit/read-secret.ts';
import type { StorageCall } from '../plugins/spec/storage.ts';
import type { SpoolView } from '../spool/spool.ts';
import type { App } from './app.ts';

const BACKOFF = { initialMs: 1_000, maxMs: 60_000 };

/** Hands out the spool's clips where the configuration says so, until the app stops; an address that is taken is tried again for ever. */
export async function serveClips({ config, logger, signal }: App, spool: Pick<SpoolView, 'readHeld'>): Promise<void> {
  if (config.clip_server === undefined) return;
  const { listen, secret_env: secretEnv } = config.clip_server;
  const { hostname, port } = new URL(`tcp://${listen}`);
  const address = { host: hostname.replaceAll(/[[\]]/g, ''), port: Number(port) };
  for (let failures = 1; !signal.aborted; failures += 1) {
    const secret = readSecret(secretEnv);
    const opened = secret.ok
      ? await openClipServer({ ...address, secret: secret.value, findClip: spool.readHeld, clock: systemClock, logger }).catch(
          String,
        )
      : secret.error.message;
    if (typeof opened !== 'string') {
      logger.info({ listen }, 'handing out clips');
      if (!signal.aborted) await once(signal, 'abort');
      return opened.close();
    }
    logger.warn({ listen, error: opened }, 'cannot hand out clips yet');
    await delay(backoffMs(BACKOFF, failures, Math.random), undefined, { signal }).catch(() => undefined);
  }
}

/** How workers of this process get clips from the host that recorded them; empty where no secret is named for that. */
export function clipFetcherOf({ config }: Pick<App, 'config'>) {
  if (config.clip_server === undefined) return {};
  const { secret_env: secretEnv } = config.clip_server;
  return {
    fetchFromHost: async (source: Omit<ClipOnHost, 'secret'>, path: string, call: StorageCall) => {
      const secret = readSecret(secretEnv);
      return secret.ok ? fetchClip({ ...source, secret: secret.value }, path, call) : secret;
    },
  };
}
