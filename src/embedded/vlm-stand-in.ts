import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { answerFromPrompt } from './stand-in-analysis.ts';

export const STAND_IN_MODEL = 'homesec-stand-in';

/** A running server on the loopback address. */
export interface VlmStandIn {
  /** For `vlm.config.base_url`. */
  readonly baseUrl: string;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 64 * 1024 * 1024;

const textPart = z.object({ type: z.literal('text'), text: z.string() });
const requestSchema = z.object({
  messages: z
    .array(z.object({ role: z.string(), content: z.union([z.string(), z.array(z.union([textPart, z.unknown()]))]) }))
    .min(1),
  response_format: z
    .object({
      json_schema: z.object({ schema: z.object({ properties: z.record(z.string(), z.unknown()) }) }).optional(),
    })
    .optional(),
});
type ChatRequest = z.output<typeof requestSchema>;

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Opens a small OpenAI-compatible server that stands in for a vision-language model where there is none. It looks at no
 * picture: it answers from the detections that the prompt names, and every answer says so. Knows `/v1/chat/completions` and
 * `/v1/models`, needs no key, listens on 127.0.0.1 only.
 * @param options.port 0 or left out: a free one.
 */
export async function openVlmStandIn({ port = 0 }: { readonly port?: number } = {}): Promise<VlmStandIn> {
  const server = createServer((request, response) => {
    replyTo(request).then(
      (reply) => send(response, reply),
      // The caller hung up in the middle of its question.
      () => response.destroy(),
    );
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has an address with a port');
  const close = async () => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  return { baseUrl: `http://127.0.0.1:${address.port}/v1`, close };
}

async function replyTo(request: IncomingMessage): Promise<Reply> {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  if (request.method === 'GET' && path === '/v1/models') {
    return {
      status: 200,
      body: { object: 'list', data: [{ id: STAND_IN_MODEL, object: 'model', created: 0, owned_by: 'homesec' }] },
    };
  }
  if (request.method !== 'POST' || path !== '/v1/chat/completions') return refuse(404, 'the stand-in knows no such address');
  const body = await readBody(request);
  if (body === undefined) return refuse(413, 'the request is larger than 64 MiB');
  const parsed = requestSchema.safeParse(parseJson(body));
  return parsed.success ? complete(parsed.data) : refuse(400, 'the request is no chat completion request');
}

function complete(request: ChatRequest): Reply {
  const answer: Record<string, unknown> = answerFromPrompt(promptOf(request));
  const wanted = Object.keys(request.response_format?.json_schema?.schema.properties ?? answer);
  if (wanted.some((key) => !(key in answer))) return refuse(400, 'the stand-in can only answer with a sequence_analysis');
  const content = JSON.stringify(Object.fromEntries(wanted.map((key) => [key, answer[key]])));
  return {
    status: 200,
    body: {
      id: `stand-in-${randomUUID()}`,
      object: 'chat.completion',
      created: Math.floor(Date.now() / 1000),
      model: STAND_IN_MODEL,
      choices: [{ index: 0, finish_reason: 'stop', logprobs: null, message: { role: 'assistant', content, refusal: null } }],
      usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
    },
  };
}

/** All that the user's turns say in words. */
function promptOf({ messages }: ChatRequest): string {
  return messages
    .filter(({ role }) => role === 'user')
    .flatMap(({ content }) => (typeof content === 'string' ? [content] : content.flatMap(textOf)))
    .join('\n');
}

function textOf(part: unknown): string[] {
  const parsed = textPart.safeParse(part);
  return parsed.success ? [parsed.data.text] : [];
}

const refuse = (status: number, message: string): Reply => ({
  status,
  body: { error: { message, type: 'invalid_request_error', param: null, code: null } },
});

function send(response: ServerResponse, { status, body }: Reply): void {
  // What was not read of a question that is too long would be taken for the next one.
  const end = status === 413 ? { connection: 'close' } : {};
  response.writeHead(status, { 'content-type': 'application/json', ...end }).end(JSON.stringify(body));
}

/** Undefined when it is too long; the rest of it stays unread. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  // Left early, the iterator would close the connection before the refusal is sent.
  const parts: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  for await (const part of parts) {
    sizeBytes += part.length;
    if (sizeBytes > MAX_BODY_BYTES) return undefined;
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
