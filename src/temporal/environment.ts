import { readFileSync } from 'node:fs';
import { type ClientConfigProfile, loadClientConfigProfile, toClientOptions } from '@temporalio/envconfig';
import { err, ok, type Result } from '../domain/result.ts';
import type { TemporalSecurity } from './access.ts';

/** What the TEMPORAL_ variables say; undefined where they say nothing. */
export interface TemporalEnvironment {
  readonly address: string | undefined;
  readonly namespace: string | undefined;
  readonly security: TemporalSecurity;
}

export interface TemporalSettingsError {
  /** One sentence, without secrets. */
  readonly message: string;
  readonly cause?: unknown;
}

/**
 * Reads TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS…, TEMPORAL_GRPC_META_…, and the profile
 * TEMPORAL_PROFILE of TEMPORAL_CONFIG_FILE, as all programs of Temporal understand them, and the certificates that they name.
 * Variables that are empty count as unset. Unlike the SDK it looks for no file that nobody named: what the owner once told
 * Temporal's own program shall not take the clips elsewhere.
 */
export function readTemporalEnvironment(environment: NodeJS.ProcessEnv): Result<TemporalEnvironment, TemporalSettingsError> {
  const set = Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => Boolean(entry[1])));
  try {
    const profile = loadProfile(set);
    if ((profile.tls?.clientCert === undefined) !== (profile.tls?.clientKey === undefined))
      return err({
        message:
          'a client certificate for Temporal and its key go together: TEMPORAL_TLS_CLIENT_CERT_PATH, TEMPORAL_TLS_CLIENT_KEY_PATH',
      });
    const { connectionOptions, namespace } = toClientOptions(profile);
    const { address, ...security } = connectionOptions;
    return ok({ address, namespace, security });
  } catch (cause) {
    return err({ message: `the settings for Temporal cannot be read: ${firstLineOf(cause)}`, cause });
  }
}

function loadProfile(environment: Record<string, string>): ClientConfigProfile {
  const { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: profile } = environment;
  if (file === undefined) {
    if (profile !== undefined) throw new Error('TEMPORAL_PROFILE names a profile, and TEMPORAL_CONFIG_FILE no file that has it');
    return loadClientConfigProfile({ disableFile: true, overrideEnvVars: environment });
  }
  // Read here: to the SDK a file that is not there is an empty one, and the connection would lose its TLS.
  const configSource = { data: readFileSync(file, 'utf8') };
  return loadClientConfigProfile({ configSource, configFileStrict: true, overrideEnvVars: environment });
}

/** What follows it quotes the file, in which a key may stand. */
const firstLineOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause)).split('\n')[0] ?? '';
