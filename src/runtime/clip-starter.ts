import type { Client } from '@temporalio/client';
import type { Clip } from '../domain/clip.ts';
import { err, type Result } from '../domain/result.ts';
import { createTemporalClient } from '../temporal/client.ts';
import { type StartClipFailure, startClip } from '../temporal/start-clip.ts';
import { type App, endpointsOf } from './app.ts';
import { planOf } from './compose.ts';

/** Starts clips on the Temporal server of this household, wherever that comes up. */
export interface ClipStarter {
  readonly start: (clip: Clip) => Promise<Result<void, StartClipFailure>>;
  readonly close: () => Promise<void>;
}

export function createClipStarter(app: App): ClipStarter {
  const plan = planOf(app.config);
  let open: { readonly address: string; readonly client: Client } | undefined;

  async function clientFor(address: string): Promise<Client> {
    if (open?.address !== address) {
      await open?.client.connection.close();
      open = { address, client: createTemporalClient({ address, namespace: app.config.temporal.namespace }) };
    }
    return open.client;
  }

  return {
    start: async (clip) => {
      const { temporalAddress } = endpointsOf(app);
      if (temporalAddress === undefined) {
        return err({ kind: 'unavailable', message: 'nobody knows yet where Temporal is', cause: undefined });
      }
      return startClip(await clientFor(temporalAddress), { clip, plan, generation: 1 });
    },
    close: async () => open?.client.connection.close(),
  };
}
