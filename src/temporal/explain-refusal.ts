/** By what OpenSSL (clients) and rustls (workers) say, in this order. */
const HINTS: readonly (readonly [words: RegExp, hint: string])[] = [
  [
    /ALTNAME_INVALID|NotValidForName/,
    "the server's certificate is for another name than its address; TEMPORAL_TLS_SERVER_NAME says which name to expect",
  ],
  [
    /UnknownIssuer|verify the first certificate|self.signed certificate|local issuer/i,
    "nobody here knows who signed the server's certificate; TEMPORAL_TLS_SERVER_CA_CERT_PATH names the authority's file",
  ],
  [/certificate has expired|InvalidCertificate\(Expired|certificate expired/i, 'a certificate has expired'],
  [
    /certificate required|CertificateRequired|handshake failure/i,
    'the server wants a client certificate: TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH',
  ],
  [
    /ECONNREFUSED|ConnectionRefused/,
    'nobody listens there: the server is not up, or its address is another (temporal.address, TEMPORAL_ADDRESS)',
  ],
  [/wrong version number|InvalidContentType/, 'the server speaks no TLS, and TEMPORAL_TLS or TEMPORAL_API_KEY asks for it'],
  [
    /BrokenPipe|ECONNRESET|ConnectionReset|connection closed|Last error: (null|Failed to connect)/,
    'the server takes the connection and ends it: it may want TLS (TEMPORAL_TLS=true) or a client certificate (TEMPORAL_TLS_CLIENT_CERT_PATH)',
  ],
  [/UNAUTHENTICATED|valid authentication credentials/, 'the server does not take the credentials: TEMPORAL_API_KEY'],
  [/PERMISSION_DENIED|permission to execute/, 'the credentials are not enough for this namespace'],
];

/** Why a server could not be spoken to: what the SDK says, and before it, where that is known, what it means for the settings. */
export function explainRefusal(thrown: unknown): string {
  // The client ends with a note that is mostly empty.
  const said = innermostMessage(thrown)
    .trim()
    .replace(/\.? Resolution note:$/, '');
  const hint = HINTS.find(([words]) => words.test(said))?.[1];
  return hint === undefined ? said : `${hint} (${said})`;
}

function innermostMessage(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause instanceof Error ? innermostMessage(thrown.cause) : thrown.message;
}
