import type { PluginFailure } from '../domain/stage-error.ts';
import { cleanText } from './clean-text.ts';
import { redactCredentials } from './redact.ts';

const MAX_CHARS = 500;

/** The failure with the secrets taken out of all its texts, which are fit to be kept: servers quote what they refuse. */
export function withoutSecrets(failure: PluginFailure, secrets: readonly string[]): PluginFailure {
  const clean = (text: string): string => cleanText(redactSecrets(text, secrets), MAX_CHARS);
  const causes = failure.causes.map((cause) => ({ ...cause, message: clean(cause.message) }));
  return { ...failure, message: clean(failure.message), causes };
}

/** To be done before a text is cut: half a secret is not found any more. */
export function redactSecrets(text: string, secrets: readonly string[]): string {
  const forms = new Set(secrets.flatMap(formsOf));
  // The longest first, so that none leaves the rest of another one behind.
  const known = [...forms].filter(Boolean).toSorted((a, b) => b.length - a.length);
  return redactCredentials(known.reduce((left, secret) => left.replaceAll(secret, '[redacted]'), text));
}

/** A secret as servers quote it: as it is, in JSON, in an address. */
const formsOf = (secret: string): string[] => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  encodeURIComponent(secret.toWellFormed()),
];
