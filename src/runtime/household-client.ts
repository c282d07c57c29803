import { isDeepStrictEqual } from 'node:util';
import type { Client } from '@temporalio/client';
import type { TemporalAccess } from '../temporal/access.ts';
import { createTemporalClient } from '../temporal/client.ts';
import type { App } from './app.ts';
import { temporalAccessOf } from './temporal-access.ts';

/** A client of this household's Temporal server, wherever that comes up. */
export interface HouseholdClient {
  /** Undefined while nobody knows where the server is, or how to get in; the log says which. */
  readonly get: () => Promise<Client | undefined>;
  readonly close: () => Promise<void>;
}

export function createHouseholdClient(app: App): HouseholdClient {
  let open: { readonly way: Way; readonly client: Client } | undefined;
  let warned = '';

  async function get(): Promise<Client | undefined> {
    const access = temporalAccessOf(app);
    if (!access.ok) {
      if (access.error.message !== warned) app.logger.warn({ error: access.error.message }, 'cannot speak to Temporal');
      warned = access.error.message;
      return undefined;
    }
    if (access.value === undefined) return undefined;
    const way = wayOf(access.value);
    if (open === undefined || !isDeepStrictEqual(open.way, way)) {
      const former = open;
      // Before anything is awaited: who asks meanwhile gets the same one.
      open = { way, client: createTemporalClient(access.value) };
      await former?.client.connection.close();
    }
    return open.client;
  }

  return { get, close: async () => open?.client.connection.close() };
}

/** What makes another connection necessary: a server elsewhere, a renewed certificate. */
type Way = Pick<TemporalAccess, 'address' | 'security'>;
const wayOf = ({ address, security }: TemporalAccess): Way => ({ address, ...(security === undefined ? {} : { security }) });
