import type { Result } from '../../../../domain/result.ts';
import type { Secret } from '../../../../domain/secret.ts';
import type { PluginFailure } from '../../../../domain/stage-error.ts';
import type { CameraHome } from '../camera-home.ts';
import type { PortRange } from './data-link.ts';

export interface ServerSettings {
  readonly host: string;
  readonly port: number;
  readonly passivePorts: PortRange;
  readonly masqueradeAddress: string | undefined;
  readonly tls: TlsSettings | undefined;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly loginFailuresPerMinute: number;
  readonly maxUploadBytes: number;
  readonly idleTimeoutMs: number;
}

export interface TlsSettings {
  readonly certFile: string;
  readonly keyFile: string;
  readonly required: boolean;
}

/** A camera as the server knows it. */
export interface Account {
  readonly user: string;
  /** undefined: none is asked for. Read at every login, so that it can be changed. */
  readonly readPassword: (() => Result<Secret, PluginFailure>) | undefined;
  readonly home: Pick<CameraHome, 'list' | 'look' | 'makeFolder' | 'removeFolder' | 'rename' | 'remove' | 'openUpload'>;
  readonly onLogin: () => void;
}
