import type { PluginFailure } from '../domain/stage-error.ts';
import { cleanText } from './clean-text.ts';
import { redactCredentials } from './redact.ts';

const MAX_CHARS = 500;

/** The failure with the secrets taken out of all its texts, which are fit to be kept: servers quote what they refuse. */
export function withoutSecrets(failure: PluginFailure, secrets: readonly string[]): PluginFailure {
  const clean = (text: string): string =>
    cleanText(
      redactCredentials(secrets.filter(Boolean).reduce((left, secret) => left.replaceAll(secret, '[redacted]'), text)),
      MAX_CHARS,
    );
  const causes = failure.causes.map((cause) => ({ ...cause, message: clean(cause.message) }));
  return { ...failure, message: clean(failure.message), causes };
}
