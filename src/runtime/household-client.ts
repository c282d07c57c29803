import type { Client } from '@temporalio/client';
import { createTemporalClient } from '../temporal/client.ts';
import { type App, endpointsOf } from './app.ts';

/** A client of this household's Temporal server, wherever that comes up. */
export interface HouseholdClient {
  /** Undefined while nobody knows where the server is. */
  readonly get: () => Promise<Client | undefined>;
  readonly close: () => Promise<void>;
}

export function createHouseholdClient(app: App): HouseholdClient {
  let open: { readonly address: string; readonly client: Client } | undefined;

  async function get(): Promise<Client | undefined> {
    const { temporalAddress: address } = endpointsOf(app);
    if (address === undefined) return undefined;
    if (open?.address !== address) {
      const former = open;
      // Before anything is awaited: who asks meanwhile gets the same one.
      open = { address, client: createTemporalClient({ address, namespace: app.config.temporal.namespace }) };
      await former?.client.connection.close();
    }
    return open.client;
  }

  return { get, close: async () => open?.client.connection.close() };
}
