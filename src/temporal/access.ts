import type { DataConverter } from '@temporalio/common';
import type { ClientConnectConfig } from '@temporalio/envconfig';

/** TLS, API key and further headers, as the connections of clients and of workers both take them. */
export type TemporalSecurity = Pick<ClientConnectConfig['connectionOptions'], 'tls' | 'apiKey' | 'metadata'>;

/** Everything that a client or a worker has to know of its server. */
export interface TemporalAccess {
  /** `host:port` */
  readonly address: string;
  readonly namespace: string;
  /** Left out: neither TLS nor credentials. */
  readonly security?: TemporalSecurity;
  /** Left out: payloads are plain JSON. */
  readonly dataConverter?: DataConverter;
}
