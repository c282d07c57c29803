import type { PluginFailure } from '../domain/stage-error.ts';
import { redactCredentials } from './redact.ts';

/** The failure without these secrets and without credentials in addresses: servers quote what they refuse, and histories keep it. */
export function withoutSecrets(failure: PluginFailure, secrets: readonly (string | undefined)[]): PluginFailure {
  const clean = (text: string): string =>
    secrets.reduce<string>(
      (cleaned, secret) => (secret === undefined || secret === '' ? cleaned : cleaned.replaceAll(secret, '[redacted]')),
      redactCredentials(text),
    );
  const causes = failure.causes.map((cause) => ({ ...cause, message: clean(cause.message) }));
  return { ...failure, message: clean(failure.message), causes };
}
