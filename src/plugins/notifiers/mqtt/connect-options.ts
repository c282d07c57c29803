import { readFile } from 'node:fs/promises';
import type { IClientOptions } from 'mqtt';
import { err, ok, type Result } from '../../../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../../domain/stage-error.ts';
import type { PluginContext } from '../../spec/plugin.ts';
import { type BrokerAddress, type Credentials, parseBrokerUrl, portOf } from './broker-address.ts';
import type { MqttConfig, TlsConfig } from './config.ts';

type ReadSecret = PluginContext['readSecret'];

export interface BrokerOptions {
  /** `host:port`, for messages. */
  readonly broker: string;
  /** Holds the password: never to be logged. */
  readonly options: IClientOptions;
}

/** All that one attempt to connect needs, with secrets and files read now. */
export async function readBrokerOptions(
  config: MqttConfig,
  readSecret: ReadSecret,
): Promise<Result<BrokerOptions, PluginFailure>> {
  const address = addressOf(config, readSecret);
  if (!address.ok) return address;
  const credentials = config.auth === undefined ? ok(address.value.credentials) : readCredentials(config.auth, readSecret);
  if (!credentials.ok) return credentials;
  const tls = address.value.isTls ? await readTls(config.tls) : ok({});
  if (!tls.ok) return tls;
  const { host, port, isTls } = address.value;
  const options: IClientOptions = {
    protocol: isTls ? 'mqtts' : 'mqtt',
    host,
    port,
    keepalive: config.keepalive_s,
    connectTimeout: config.connection_timeout_s * 1000,
    ...loginOf(credentials.value),
    ...tls.value,
  };
  return ok({ broker: `${host}:${port}`, options });
}

/** As bytes: text would stand in the packet library's debug output. */
function loginOf(credentials: Credentials | null): IClientOptions {
  if (credentials === null) return {};
  const { username, password } = credentials;
  return { username, ...(password === undefined ? {} : { password: Buffer.from(password) }) };
}

function addressOf(config: MqttConfig, readSecret: ReadSecret): Result<BrokerAddress, PluginFailure> {
  if (config.host !== undefined) {
    const isTls = config.tls !== undefined;
    return ok({ host: config.host, port: config.port ?? portOf(isTls), isTls, credentials: null });
  }
  const text = config.url === undefined ? readSecret(config.url_env) : ok({ reveal: () => config.url ?? '' });
  if (!text.ok) return text;
  const address = parseBrokerUrl(text.value.reveal());
  if (address !== undefined) return ok(address);
  return err(pluginFailure('NOTIFY_REJECTED', `the value of ${config.url_env} is not of the form mqtt://host:port`));
}

function readCredentials(auth: NonNullable<MqttConfig['auth']>, readSecret: ReadSecret): Result<Credentials, PluginFailure> {
  const username = readSecret(auth.username_env);
  if (!username.ok) return username;
  if (auth.password_env === undefined) return ok({ username: username.value.reveal() });
  const password = readSecret(auth.password_env);
  if (!password.ok) return password;
  return ok({ username: username.value.reveal(), password: password.value.reveal() });
}

async function readTls(tls: TlsConfig | undefined): Promise<Result<IClientOptions, PluginFailure>> {
  if (tls === undefined) return ok({});
  const ca = await readPem('ca_file', tls.ca_file);
  if (!ca.ok) return ca;
  const cert = await readPem('cert_file', tls.cert_file);
  if (!cert.ok) return cert;
  const key = await readPem('key_file', tls.key_file);
  if (!key.ok) return key;
  return ok({
    rejectUnauthorized: !tls.insecure,
    ...(ca.value === undefined ? {} : { ca: ca.value }),
    ...(cert.value === undefined ? {} : { cert: cert.value }),
    ...(key.value === undefined ? {} : { key: key.value }),
  });
}

async function readPem(field: string, path: string | undefined): Promise<Result<string | undefined, PluginFailure>> {
  if (path === undefined) return ok(undefined);
  try {
    return ok(await readFile(path, 'utf8'));
  } catch (thrown) {
    return err(pluginFailure('NOTIFY_REJECTED', `could not read tls.${field} ${path}`, thrown));
  }
}
