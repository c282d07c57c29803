import { once } from 'node:events';
import { type FileHandle, open } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Clip } from '../domain/clip.ts';
import type { ClipId } from '../domain/ids.ts';
import type { Secret } from '../domain/secret.ts';
import type { Clock, Logger } from '../plugins/spec/plugin.ts';
import { parseByteRange } from './byte-range.ts';
import { verifyClipUrl } from './signed-url.ts';

export interface ClipServerOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** Of the links that it takes. */
  readonly secret: Secret;
  /** The clip, while its bytes are here. */
  readonly findClip: (clipId: ClipId) => Promise<Clip | undefined>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface ClipServer {
  readonly port: number;
  /** Breaks what is under way. */
  close(): Promise<void>;
}

/** Workers of a household; more at once are no workers. */
const CONNECTIONS_AT_MOST = 64;
/** A connection on which nothing moves. */
const IDLE_TIMEOUT_MS = 30_000;
/** A request is one line and a few headers; whoever takes longer only keeps a connection from others. */
const ASKED_WITHIN_MS = 10_000;

/**
 * Hands the bytes of clips to workers that hold a signed link, whole or in ranges, and nothing else to anybody. Rejects where
 * the address cannot be listened on.
 */
export async function openClipServer(options: ClipServerOptions): Promise<ClipServer> {
  const limits = { headersTimeout: ASKED_WITHIN_MS, requestTimeout: ASKED_WITHIN_MS, connectionsCheckingInterval: 1_000 };
  const server = createServer(limits, (request, response) => void serve(options, request, response));
  server.maxConnections = CONNECTIONS_AT_MOST;
  server.timeout = IDLE_TIMEOUT_MS;
  server.listen(options.port, options.host);
  await once(server, 'listening');
  server.on('error', (error) => options.logger.warn({ error: error.message }, 'the clip server met an error'));
  return { port: portOf(server), close: () => closed(server) };
}

async function serve(options: ClipServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { logger } = options;
  try {
    await answer(options, request, response);
  } catch (error) {
    // Most often the other side has gone; what it lacks it asks for again.
    logger.debug({ error: String(error) }, 'a clip was not served to its end');
    if (response.headersSent) response.destroy();
    else refuse(response, 500);
  }
}

async function answer(options: ClipServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { secret, clock, findClip, logger } = options;
  if (request.method !== 'GET') return refuse(response, 405, { allow: 'GET' });
  const allowed = verifyClipUrl(request.url ?? '', secret, Date.parse(clock.now()));
  if (!allowed.ok) return refuse(response, allowed.error === 'denied' ? 403 : 404);
  const clip = await findClip(allowed.value);
  const file = clip === undefined ? undefined : await open(clip.path, 'r').catch(() => undefined);
  if (clip === undefined || file === undefined) return refuse(response, 404);
  await using _closing = file;
  // Bytes that are no longer the clip's are of no use to anybody.
  if ((await file.stat()).size !== clip.sizeBytes) return refuse(response, 404);
  logger.debug({ clip_id: clip.clipId, peer: request.socket.remoteAddress }, 'serving a clip');
  await sendBytes(request, response, { file, sizeBytes: clip.sizeBytes });
}

interface OpenBytes {
  readonly file: FileHandle;
  readonly sizeBytes: number;
}

async function sendBytes(request: IncomingMessage, response: ServerResponse, { file, sizeBytes }: OpenBytes): Promise<void> {
  const asked = parseByteRange(request.headers.range, sizeBytes);
  if (!asked.ok) return refuse(response, 416, { 'content-range': `bytes */${sizeBytes}` });
  const { start, end } = asked.value ?? { start: 0, end: sizeBytes - 1 };
  response.writeHead(asked.value === undefined ? 200 : 206, {
    ...HEADERS,
    'content-type': 'application/octet-stream',
    'content-length': end - start + 1,
    'accept-ranges': 'bytes',
    ...(asked.value === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${sizeBytes}` }),
  });
  await pipeline(file.createReadStream({ start, end, autoClose: false }), response);
}

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

function refuse(response: ServerResponse, status: number, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { ...HEADERS, ...headers, 'content-length': 0 }).end();
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the clip server listens on no port');
  return address.port;
}

async function closed(server: Server): Promise<void> {
  const ended = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await ended;
}
