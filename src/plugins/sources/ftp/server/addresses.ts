import { isIPv4 } from 'node:net';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** `::ffff:10.0.0.1`, as sockets that take both families say it, is 10.0.0.1. */
export const plainAddress = (address: string | undefined): string => (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '');

/** The argument of PORT: `h1,h2,h3,h4,p1,p2` (RFC 959, 5.3.2). */
export function parsePort(argument: string): Endpoint | undefined {
  const numbers = argument.split(',').map((part) => (/^ *\d{1,3} *$/.test(part) ? Number(part) : 256));
  if (numbers.length !== 6 || numbers.some((number) => number > 255)) return undefined;
  const [high = 0, low = 0] = numbers.slice(4);
  return { host: numbers.slice(0, 4).join('.'), port: high * 256 + low };
}

/** The argument of EPRT: `|1|10.0.0.1|6275|`, with any sign as the bar (RFC 2428). */
export function parseExtendedPort(argument: string): Endpoint | undefined {
  const bar = argument.at(0) ?? '';
  const [before, family, host = '', port = '', after] = argument.split(bar);
  if (before !== '' || after !== '' || !['1', '2'].includes(family ?? '') || !/^\d{1,5}$/.test(port)) return undefined;
  return { host: plainAddress(host), port: Number(port) };
}

/** The answer to PASV; undefined where the address is none of IPv4, which only EPSV can say. */
export function formatPassive({ host, port }: Endpoint): string | undefined {
  if (!isIPv4(host)) return undefined;
  return `${host.replaceAll('.', ',')},${port >> 8},${port & 255}`;
}
