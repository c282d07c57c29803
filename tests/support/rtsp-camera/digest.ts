import { createHash } from 'node:crypto';
import type { RtspRequest } from './rtsp-message.ts';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

export const REALM = 'test camera';

/** RFC 2617, 3.2.2, in its oldest form, without `qop`: cameras use it so. */
export function isAuthorized(request: RtspRequest, credentials: Credentials, nonce: string): boolean {
  const given = readFields(request.headers.get('authorization') ?? '');
  const secret = md5(`${credentials.user}:${REALM}:${credentials.password}`);
  const expected = md5(`${secret}:${nonce}:${md5(`${request.method}:${given.get('uri')}`)}`);
  return given.get('username') === credentials.user && given.get('nonce') === nonce && given.get('response') === expected;
}

function readFields(header: string): Map<string, string> {
  const fields = [...header.matchAll(/(\w+)="([^"]*)"/g)];
  return new Map(fields.map(([, name = '', value = '']) => [name, value]));
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
