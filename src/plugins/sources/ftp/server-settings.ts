import type { FtpConfig } from './config.ts';
import type { ServerSettings } from './server/settings.ts';

/** What of a camera's config is the server's. */
export function serverSettingsOf(config: FtpConfig): ServerSettings {
  const { tls } = config;
  const [from = 0, to = 0] = config.passive_ports.split('-').map(Number);
  return {
    host: config.host,
    port: config.port,
    passivePorts: { from, to },
    masqueradeAddress: config.masquerade_address,
    tls: tls === undefined ? undefined : { certFile: tls.cert_file, keyFile: tls.key_file, required: tls.required },
    maxConnections: config.max_connections,
    maxConnectionsPerAddress: config.max_connections_per_address,
    loginFailuresPerMinute: config.login_failures_per_minute,
    maxUploadBytes: config.max_upload_bytes,
    idleTimeoutMs: config.idle_timeout_s * 1000,
  };
}
