import { Client, Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';

export interface TemporalClientOptions {
  /** `host:port` */
  readonly address: string;
  readonly namespace: string;
}

/**
 * A client that connects when it is first used. A call to a server that is away fails within a few hundred milliseconds:
 * with the SDK's own ten attempts it would hold its caller for twenty seconds.
 */
export function createTemporalClient({ address, namespace }: TemporalClientOptions): Client {
  const retry = makeGrpcRetryInterceptor(defaultGrpcRetryOptions({ maxAttempts: 2 }));
  return new Client({ connection: Connection.lazy({ address, interceptors: [retry] }), namespace });
}
