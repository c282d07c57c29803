/** Where a broker listens. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly credentials: Credentials | null;
}
export interface Credentials {
  readonly username: string;
  readonly password?: string;
}

export const portOf = (isTls: boolean): number => (isTls ? 8883 : 1883);

/** `mqtt://[user[:password]@]host[:port]`, or `mqtts:`; undefined for anything else. */
export function parseBrokerUrl(text: string): BrokerAddress | undefined {
  const url = URL.parse(text);
  if (url === null || !/^mqtts?:$/.test(url.protocol) || url.hostname === '') return undefined;
  if (!/^\/?$/.test(url.pathname) || url.search !== '' || url.hash !== '') return undefined;
  const isTls = url.protocol === 'mqtts:';
  const host = url.hostname.replaceAll(/^\[|\]$/g, '');
  const port = url.port === '' ? portOf(isTls) : Number(url.port);
  return { host, port, isTls, credentials: credentialsOf(url) };
}

function credentialsOf({ username, password }: URL): Credentials | null {
  if (username === '' && password === '') return null;
  return { username: decoded(username), ...(password === '' ? {} : { password: decoded(password) }) };
}

/** A stray `%` in a password is meant as one. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
