import { timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { z } from 'zod';
import type { Secret } from '../domain/secret.ts';

export interface CodecServerOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly codec: PayloadCodec;
  /** Of the Temporal UI, the only pages that may ask: `http://127.0.0.1:8233`. */
  readonly uiOrigin: string;
  /** Every question has to carry it as `Authorization: Bearer …`. Left out: whoever reaches the address may ask. */
  readonly token?: Secret;
}

export interface CodecServer {
  /** What the UI and Temporal's own program take as codec endpoint. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

const bytesSchema = z.base64();
const bodySchema = z.object({
  payloads: z.array(z.object({ metadata: z.record(z.string(), bytesSchema).default({}), data: bytesSchema.default('') })),
});
type Body = z.infer<typeof bodySchema>;

/** A history's payloads together, and no more. */
const BODY_LIMIT_BYTES = 64_000_000;

/**
 * Encrypts and decrypts payloads for the Temporal UI, by Temporal's protocol for remote codecs
 * (https://docs.temporal.io/production-deployment/data-encryption). Rejects where it cannot listen.
 */
export async function openCodecServer(options: CodecServerOptions): Promise<CodecServer> {
  const server = createServer((request, response) => {
    void answer(options, request, response).catch((error: unknown) => send(response, 400, { message: messageOf(error) }));
  });
  server.listen(options.port, options.host);
  await once(server, 'listening');
  // A connection that could not be taken is asked for again.
  server.on('error', () => undefined);
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : options.port;
  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(options: CodecServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { uiOrigin, codec } = options;
  const { origin, authorization } = request.headers;
  // A page that a browser was lured to may reach this machine, and says where it comes from.
  if (origin !== undefined && origin !== uiOrigin) return send(response, 403, { message: `only ${uiOrigin} may ask` });
  if (origin !== undefined) allowUi(response, uiOrigin);
  if (request.method === 'OPTIONS') return void response.writeHead(204).end();
  if (!isAllowed(options.token, authorization)) return send(response, 401, { message: 'the bearer token is missing or wrong' });
  const how = { '/encode': codec.encode, '/decode': codec.decode }[request.url?.split('?')[0] ?? ''];
  if (request.method !== 'POST' || how === undefined) return send(response, 404, { message: 'there are /encode and /decode' });
  const body = await bodyOf(request);
  if (body === undefined) return send(response.setHeader('connection', 'close'), 413, { message: 'too much' });
  const { payloads } = bodySchema.parse(JSON.parse(body));
  const changed = await how(payloads.map(payloadOf));
  send(response, 200, { payloads: changed.map(jsonOf) });
}

/** Undefined when it is longer than any that is meant for us, whatever its headers say. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  const arriving: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  for await (const chunk of arriving) {
    sizeBytes += chunk.length;
    if (sizeBytes > BODY_LIMIT_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function allowUi(response: ServerResponse, uiOrigin: string): void {
  response.setHeader('access-control-allow-origin', uiOrigin);
  response.setHeader('access-control-allow-credentials', 'true');
  response.setHeader('access-control-allow-methods', 'POST');
  response.setHeader('access-control-allow-headers', 'content-type, x-namespace, authorization');
  response.setHeader('vary', 'origin');
}

function isAllowed(token: Secret | undefined, authorization = ''): boolean {
  if (token === undefined) return true;
  const [wanted, given] = [Buffer.from(`Bearer ${token.reveal()}`), Buffer.from(authorization)];
  return wanted.length === given.length && timingSafeEqual(wanted, given);
}

function payloadOf({ metadata, data }: Body['payloads'][number]): Payload {
  const bytes = (base64: string): Uint8Array => Buffer.from(base64, 'base64');
  return {
    metadata: Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, bytes(value)])),
    data: bytes(data),
  };
}

function jsonOf({ metadata, data }: Payload): Body['payloads'][number] {
  const base64 = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('base64');
  return {
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, base64(value)])),
    data: base64(data),
  };
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body));
}

/** Of a body that is none, what is wrong with it; never what stands in it. */
const messageOf = (error: unknown): string => {
  if (error instanceof SyntaxError || error instanceof z.ZodError) return 'the body is no JSON of payloads';
  return error instanceof Error ? error.message : 'unknown';
};
