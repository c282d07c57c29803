import { Client, Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import type { TemporalAccess } from './access.ts';

/**
 * A client that connects when it is first used. A call to a server that is away fails within a few hundred milliseconds:
 * with the SDK's own ten attempts it would hold its caller for twenty seconds.
 */
export function createTemporalClient(access: TemporalAccess, connection = createTemporalConnection(access)): Client {
  const { namespace, dataConverter } = access;
  return new Client({ connection, namespace, ...(dataConverter === undefined ? {} : { dataConverter }) });
}

/** The same connection without a client's namespace and payloads. */
export function createTemporalConnection({ address, security }: Pick<TemporalAccess, 'address' | 'security'>): Connection {
  const retry = makeGrpcRetryInterceptor(defaultGrpcRetryOptions({ maxAttempts: 2 }));
  return Connection.lazy({ ...security, address, interceptors: [retry] });
}
