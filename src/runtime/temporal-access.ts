import type { DataConverter, PayloadCodec } from '@temporalio/common';
import type { Config } from '../config/schema.ts';
import { NAMESPACE } from '../domain/process-clip.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { readEndpoints } from '../embedded/stack-file.ts';
import { readSecret } from '../kit/read-secret.ts';
import type { TemporalAccess } from '../temporal/access.ts';
import {
  createEncryptionCodec,
  decryptingConverter,
  type EncryptionKey,
  encryptingConverter,
  FAILURE_CONVERTER_PATH,
  parseEncryptionKey,
} from '../temporal/encryption.ts';
import { readTemporalEnvironment, type TemporalSettingsError } from '../temporal/environment.ts';
import type { App } from './app.ts';

/**
 * How this household's Temporal server is reached: as configured, else as the environment says, else the embedded one while it
 * runs; undefined while nobody knows. Read anew at each call: an embedded server may come up after the process that asks, and
 * certificates are renewed.
 */
export function temporalAccessOf(
  { config, folders }: Pick<App, 'config' | 'folders'>,
  environment = process.env,
): Result<TemporalAccess | undefined, TemporalSettingsError> {
  const said = readTemporalEnvironment(environment);
  if (!said.ok) return said;
  const codec = encryptionCodecOf(config, environment);
  if (!codec.ok) return codec;
  const encryption = codec.value === undefined ? {} : { dataConverter: converterOf(config, codec.value) };
  const { address: configured, namespace } = config.temporal;
  const address = configured ?? said.value.address;
  if (address !== undefined) {
    const { security, namespace: fromEnvironment = NAMESPACE } = said.value;
    return ok({ address, namespace: namespace ?? fromEnvironment, security, ...encryption });
  }
  // It listens on this machine alone, and knows neither TLS nor keys.
  const embedded = readEndpoints(folders.data)?.temporalAddress;
  return ok(embedded === undefined ? undefined : { address: embedded, namespace: namespace ?? NAMESPACE, ...encryption });
}

/** Whether the server is one that HomeSec does not start itself. */
export function hasOwnTemporal(config: Config, environment = process.env): boolean {
  const said = readTemporalEnvironment(environment);
  // Settings that are wrong are meant for a server as well.
  return config.temporal.address !== undefined || !said.ok || said.value.address !== undefined;
}

/** In the order of the configuration. Empty where nothing is encrypted. */
export function readEncryptionKeys(
  { temporal }: Config,
  environment = process.env,
): Result<readonly EncryptionKey[], TemporalSettingsError> {
  const keys: EncryptionKey[] = [];
  for (const { key_env } of temporal.encryption?.keys ?? []) {
    const secret = readSecret(key_env, environment);
    if (!secret.ok) return err({ message: `a key of temporal.encryption is missing: ${secret.error.message}` });
    const key = parseEncryptionKey(secret.value);
    if (key === undefined) return err({ message: `${key_env} must hold 32 bytes in base64: openssl rand -base64 32` });
    keys.push(key);
  }
  return ok(keys);
}

/** What the bundle of the workflows has to contain. */
export const failureConverterPathOf = ({ temporal }: Config): string | undefined =>
  temporal.encryption?.enabled === true ? FAILURE_CONVERTER_PATH : undefined;

/** Undefined where nothing is encrypted. */
export function encryptionCodecOf(
  config: Config,
  environment = process.env,
): Result<PayloadCodec | undefined, TemporalSettingsError> {
  const keys = readEncryptionKeys(config, environment);
  if (!keys.ok) return keys;
  const [first, ...others] = keys.value;
  return ok(first === undefined ? undefined : createEncryptionCodec([first, ...others]));
}

const converterOf = ({ temporal }: Config, codec: PayloadCodec): DataConverter =>
  temporal.encryption?.enabled === false ? decryptingConverter(codec) : encryptingConverter(codec);
