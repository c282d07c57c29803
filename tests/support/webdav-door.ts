import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { WEBDAV_SECRETS, type WebdavServer } from './webdav-server.ts';

const BASIC = Buffer.from(`${WEBDAV_SECRETS.WEBDAV_USER}:${WEBDAV_SECRETS.WEBDAV_PASSWORD}`).toString('base64');
const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

/** Decides on a request before the server sees it: answers it itself and says true, or lets it pass. */
export type Bouncer = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface WebdavDoor extends AsyncDisposable {
  readonly url: string;
}

/** Stands before a WebDAV server, logs in there by itself, and lets a bouncer decide. */
export async function openWebdavDoor(server: WebdavServer, bouncer: Bouncer): Promise<WebdavDoor> {
  const door = createServer((request, response) => {
    if (bouncer(request, response)) return;
    const headers = { ...request.headers, authorization: `Basic ${BASIC}`, host: new URL(server.url).host };
    const destination = request.headers['destination'];
    if (typeof destination === 'string') Object.assign(headers, { destination: server.url + new URL(destination).pathname });
    const forwarded = ask(server.url + request.url, { method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      pipeline(answer, response).catch(() => undefined);
    });
    pipeline(request, forwarded).catch(() => forwarded.destroy());
  });
  door.listen(0, '127.0.0.1');
  await once(door, 'listening');
  const end = async () => {
    door.closeAllConnections();
    door.close();
  };
  return { url: `http://127.0.0.1:${(door.address() as AddressInfo).port}`, [Symbol.asyncDispose]: end };
}

/** Asks for digest authentication as RFC 7616 describes it, and checks it. */
export function digestBouncer(): Bouncer {
  const nonce = md5('nonce of tests');
  return (request, response) => {
    const fields = new Map(
      [...(request.headers.authorization ?? '').matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)].map(([, key = '', quoted, plain]) => [
        key,
        quoted ?? plain ?? '',
      ]),
    );
    const of = (key: string): string => fields.get(key) ?? '';
    const ha1 = md5(`${WEBDAV_SECRETS.WEBDAV_USER}:tests:${WEBDAV_SECRETS.WEBDAV_PASSWORD}`);
    const ha2 = md5(`${request.method}:${of('uri')}`);
    const expected = md5([ha1, nonce, of('nc'), of('cnonce'), 'auth', ha2].join(':'));
    if (of('response') === expected) return false;
    request.resume();
    response.writeHead(401, { 'www-authenticate': `Digest realm="tests", nonce="${nonce}", qop="auth"` }).end();
    return true;
  };
}
