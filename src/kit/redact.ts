const REDACTED = '[redacted]';

// The patterns work on lines of JSON, and on plain text nearly as well: a token ends at a space, at the quote that ends its
// string, and at an escaped line end or tab, but at no other escape.
const TOKEN = String.raw`(?:[^\s"<>\\]|\\[^nrt])`;

const RULES: readonly (readonly [RegExp, string])[] = [
  // scheme://user:pass@host, whatever stands in the password: also `@`, `/` and `#` that nobody escaped. A port is no password.
  [new RegExp(String.raw`(\b[a-z][a-z0-9+.-]*:\/\/)[^\s"'<>\\/:@]*:(?!\d+(?:\/|["\s]))${TOKEN}*@`, 'gi'), `$1${REDACTED}@`],
  // scheme://token@host
  [new RegExp(String.raw`(\b[a-z][a-z0-9+.-]*:\/\/)(?!\[redacted\])[^\s"'<>\\/?#]+@`, 'gi'), `$1${REDACTED}@`],
  // ?token=… in a query
  [
    /([?&](?:[a-z0-9_-]*(?:token|signature|password|passwd|secret)|api_?key|key|pwd|pass|sig|auth)=)[^&\s"'<>\\]+/gi,
    `$1${REDACTED}`,
  ],
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, `$1 ${REDACTED}`],
  // libpq's key=value form of a connection string.
  [/\b(password\s*=\s*)(?:'[^']*'|[^\s'"&\\]+)/gi, `$1${REDACTED}`],
];

/** The text without the credentials in its URLs, queries, connection strings and authorization headers. */
export function redactCredentials(text: string): string {
  return RULES.reduce((redacted, [pattern, replacement]) => redacted.replace(pattern, replacement), text);
}
