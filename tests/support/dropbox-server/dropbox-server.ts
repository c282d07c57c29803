import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type Fault, Faults } from './faults.ts';
import { KeptFiles } from './kept-files.ts';
import { Refusal } from './refusal.ts';

/** Secrets of the one app and account that this server knows. */
export const DROPBOX_SECRETS = {
  DROPBOX_APP_KEY: 'app-key-of-tests',
  DROPBOX_APP_SECRET: 'app-secret-of-tests',
  DROPBOX_REFRESH_TOKEN: 'refresh-token-of-tests',
};

interface Session {
  readonly at: string;
  offset: number;
}

/**
 * Dropbox's API v2 as its public documentation describes it, as far as a storage uses it, with faults. Tokens are checked,
 * an append that breaks off counts for nothing, and one at another offset than the session's is told the right one.
 * Source: https://www.dropbox.com/developers/documentation/http/documentation
 */
export class DropboxServer implements AsyncDisposable {
  readonly faults = new Faults();
  readonly files: KeptFiles;
  /** Bytes of bodies that came to `upload` and `append_v2`, also of those that broke off or were refused. */
  receivedBytes = 0;
  /** Called as they come. */
  onReceived: () => void = () => undefined;
  /** Paths in the order in which they were asked for. */
  readonly requests: string[] = [];
  readonly #dir: string;
  readonly #sessions = new Map<string, Session>();
  readonly #links = new Map<string, string>();
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch((thrown: unknown) => {
      // Whoever was asking is gone.
      if (!request.socket.destroyed) throw thrown;
    });
  });
  #tokens = new Set<string>();
  tokensGiven = 0;

  constructor(dir: string) {
    this.#dir = dir;
    this.files = new KeptFiles(dir);
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  expireTokens(): void {
    this.#tokens = new Set();
  }

  loseSessions(): void {
    this.#sessions.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await rm(this.#dir, { recursive: true, force: true });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '', this.url);
    this.requests.push(pathname);
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    const fault = this.faults.take(pathname);
    try {
      if (fault?.do === 'be_silent') return;
      if (fault?.do === 'answer') return await refuse(request, response, fault);
      const answer = await this.#answer(pathname, request, fault);
      if (fault?.do === 'lose_answer') request.socket.destroy();
      else if (answer instanceof Download) await answer.send(response);
      else send(response, 200, answer);
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      for await (const piece of request) this.#count(piece);
      send(response, thrown.status, { error_summary: thrown.message, error: thrown.error });
    }
  }

  async #answer(pathname: string, request: IncomingMessage, fault: Fault | undefined): Promise<unknown> {
    if (pathname === '/oauth2/token') return this.#token(new URLSearchParams(await text(request)));
    if (pathname.startsWith('/link/')) return this.#download(this.#links.get(pathname) ?? '');
    const [, token = ''] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
    if (!this.#tokens.has(token)) throw new Refusal('expired_access_token/..', { '.tag': 'expired_access_token' }, 401);
    const inHeader = request.headers['dropbox-api-arg'];
    const arg = JSON.parse(typeof inHeader === 'string' ? inHeader : await text(request));
    switch (pathname) {
      case '/2/files/upload':
        return this.#upload(arg, request, fault);
      case '/2/files/upload_session/start':
        return this.#start();
      case '/2/files/upload_session/append_v2':
        return this.#append(arg, request, fault);
      case '/2/files/upload_session/finish':
        return this.#finish(arg);
      case '/2/files/get_metadata':
        return this.files.find(arg.path) ?? this.files.locate(arg.path).metadata;
      case '/2/files/delete_v2':
        return { metadata: await this.files.remove(arg.path) };
      case '/2/files/get_temporary_link':
        return this.#link(arg.path);
      case '/2/files/list_folder':
        return { entries: [], cursor: '', has_more: false };
      case '/2/files/download':
        return this.#download(arg.path);
      default:
        throw new Refusal('unknown_route/..', {}, 400);
    }
  }

  #token(form: URLSearchParams): unknown {
    const isRight =
      form.get('grant_type') === 'refresh_token' &&
      form.get('client_id') === DROPBOX_SECRETS.DROPBOX_APP_KEY &&
      form.get('client_secret') === DROPBOX_SECRETS.DROPBOX_APP_SECRET &&
      form.get('refresh_token') === DROPBOX_SECRETS.DROPBOX_REFRESH_TOKEN;
    if (!isRight) throw new Refusal('', 'invalid_grant', 400);
    this.tokensGiven += 1;
    const access_token = `access-token-${this.tokensGiven}-${randomUUID()}`;
    this.#tokens.add(access_token);
    return { access_token, token_type: 'bearer', expires_in: 14_400 };
  }

  async #upload(
    arg: { path: string; content_hash?: string },
    request: IncomingMessage,
    fault: Fault | undefined,
  ): Promise<unknown> {
    const at = this.files.newPart();
    await this.#take(request, { at, offset: 0 }, fault);
    return this.files.commit(arg.path, at, arg.content_hash);
  }

  async #start(): Promise<unknown> {
    const session_id = randomUUID();
    const at = this.files.newPart();
    await (await open(at, 'w')).close();
    this.#sessions.set(session_id, { at, offset: 0 });
    return { session_id };
  }

  async #append(arg: { cursor: Cursor }, request: IncomingMessage, fault: Fault | undefined): Promise<unknown> {
    const session = this.#session(arg.cursor, (error) => error);
    const taken = await this.#take(request, session, fault);
    session.offset += taken;
    return null;
  }

  async #finish({ cursor, commit }: { cursor: Cursor; commit: { path: string } }): Promise<unknown> {
    const session = this.#session(cursor, (error) => ({ '.tag': 'lookup_failed', lookup_failed: error }));
    const metadata = await this.files.commit(commit.path, session.at);
    this.#sessions.delete(cursor.session_id);
    return metadata;
  }

  #session({ session_id, offset }: Cursor, wrap: (error: { '.tag': string }) => { '.tag': string }): Session {
    const session = this.#sessions.get(session_id);
    const error =
      session === undefined ? { '.tag': 'not_found' } : { '.tag': 'incorrect_offset', correct_offset: session.offset };
    if (session?.offset === offset) return session;
    const wrapped = wrap(error);
    const summary = wrapped === error ? error['.tag'] : `${wrapped['.tag']}/${error['.tag']}`;
    throw new Refusal(`${summary}/..`, wrapped);
  }

  /** Writes a body below the session's offset. One that breaks off leaves bytes there that the next one overwrites. */
  async #take(request: IncomingMessage, { at, offset }: Session, fault: Fault | undefined): Promise<number> {
    const file = await open(at, offset === 0 ? 'w' : 'r+');
    let taken = 0;
    try {
      for await (const piece of request) {
        if (fault?.do === 'be_slow') await delay(fault.msPerPiece);
        await file.write(piece, 0, piece.length, offset + taken);
        taken += piece.length;
        this.#count(piece);
        if (fault?.do === 'cut' && taken >= fault.afterBytes) request.destroy();
      }
      await file.truncate(offset + taken);
      return taken;
    } finally {
      await file.close();
    }
  }

  #count(piece: Buffer): void {
    this.receivedBytes += piece.length;
    this.onReceived();
  }

  #link(path: string): unknown {
    const { metadata } = this.files.locate(path);
    const pathname = `/link/${randomUUID()}`;
    this.#links.set(pathname, path);
    return { metadata, link: `${this.url}${pathname}` };
  }

  #download(path: string): Download {
    const { metadata, at } = this.files.locate(path);
    return new Download(metadata, at);
  }
}

interface Cursor {
  readonly session_id: string;
  readonly offset: number;
}

class Download {
  readonly #metadata: unknown;
  readonly #at: string;
  constructor(metadata: unknown, at: string) {
    this.#metadata = metadata;
    this.#at = at;
  }
  async send(response: ServerResponse): Promise<void> {
    const ascii = JSON.stringify(this.#metadata).replaceAll(
      /[\u007f-\uffff]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'dropbox-api-result': ascii });
    await pipeline(createReadStream(this.#at), response);
  }
}

export async function openDropboxServer(): Promise<DropboxServer> {
  const server = new DropboxServer(await mkdtemp(join(tmpdir(), 'homesec-dropbox-server-')));
  await server.listen();
  return server;
}

async function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  fault: Extract<Fault, { do: 'answer' }>,
): Promise<void> {
  if (fault.isEarly !== true) for await (const _ of request);
  else request.resume();
  send(response, fault.status, fault.body ?? 'a page of HTML', fault.headers);
}

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

async function text(request: IncomingMessage): Promise<string> {
  let all = '';
  for await (const piece of request) all += piece;
  return all;
}
