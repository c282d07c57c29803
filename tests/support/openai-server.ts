import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';

const chatRequestSchema = z.looseObject({
  model: z.string(),
  messages: z.array(
    z.object({
      role: z.string(),
      content: z.union([
        z.string(),
        z.array(
          z.union([
            z.object({ type: z.literal('text'), text: z.string() }),
            z.object({ type: z.literal('image_url'), image_url: z.object({ url: z.string(), detail: z.string() }) }),
          ]),
        ),
      ]),
    }),
  ),
  response_format: z
    .looseObject({
      type: z.string(),
      json_schema: z.looseObject({ name: z.string(), strict: z.boolean(), schema: z.unknown() }).optional(),
    })
    .optional(),
});
export type ChatRequest = z.output<typeof chatRequestSchema>;

/** A question as it came in. */
export interface ReceivedQuestion {
  readonly authorization: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: ChatRequest;
  /** All text of all turns. */
  readonly text: string;
  readonly jpegs: readonly Buffer[];
}

/** What the server does with one question. */
export type Behaviour = (response: ServerResponse, question: ReceivedQuestion) => void;

export interface OpenaiServer {
  readonly baseUrl: string;
  readonly questions: readonly ReceivedQuestion[];
  /** What to do with the next questions, in order; the last one stays. */
  behave(...behaviours: readonly [Behaviour, ...Behaviour[]]): void;
  /** What to do when asked for the list of models. */
  listModels(status: number): void;
  close(): Promise<void>;
}

/** A real HTTP server that answers as it is told, well or badly. */
export async function openOpenaiServer(): Promise<OpenaiServer> {
  const questions: ReceivedQuestion[] = [];
  let behaviours: readonly Behaviour[] = [says(sequence())];
  let modelsStatus = 200;
  const reply = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url === '/v1/models') {
      sendJson(response, modelsStatus, { object: 'list', data: [] });
      return;
    }
    const question = readQuestion(request.headers, await readAll(request));
    questions.push(question);
    const [now, ...later] = behaviours;
    if (later.length > 0) behaviours = later;
    now?.(response, question);
  };
  const server = createServer((request, response) => void reply(request, response).catch(() => response.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    baseUrl: `http://127.0.0.1:${address.port}/v1`,
    questions,
    behave: (...next) => {
      behaviours = next;
    },
    listModels: (status) => {
      modelsStatus = status;
    },
    close: async () => {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** An answer that follows the schema. */
export const sequence = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  sequence_description: 'A courier puts a parcel down and leaves.',
  max_risk_level: 'low',
  primary_activity: 'normal_delivery',
  observations: ['parcel on the doorstep'],
  entities_timeline: [
    {
      type: 'person',
      first_seen_timestamp: '00:00:00.00',
      last_seen_timestamp: '00:00:04.00',
      description: 'adult in a yellow jacket',
      movement: 'from the street to the door and back',
      location: 'doorstep',
      interaction: 'puts a parcel down',
    },
  ],
  requires_review: false,
  frame_count: 999,
  video_start_time: '00:00:00.00',
  video_end_time: '23:59:59.99',
  ...changes,
});

interface Saying {
  readonly finishReason?: string;
  readonly refusal?: string;
  readonly usage?: unknown;
  readonly model?: string;
}

/** Answers 200 with this content; anything but a string is written as JSON. */
export const says =
  (content: unknown, { finishReason = 'stop', refusal, usage = USAGE, model = 'vision-2026-11' }: Saying = {}): Behaviour =>
  (response) =>
    sendJson(response, 200, {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1_700_000_000,
      model,
      choices: [
        {
          index: 0,
          finish_reason: finishReason,
          message: {
            role: 'assistant',
            content: typeof content === 'string' || content === null ? content : JSON.stringify(content),
            refusal: refusal ?? null,
          },
        },
      ],
      usage,
    });

export const USAGE = { prompt_tokens: 1200, completion_tokens: 300, total_tokens: 1500 };

/** Answers with an error in OpenAI's form. */
export const fails =
  (status: number, error: Record<string, unknown> = {}, headers: Record<string, string> = {}): Behaviour =>
  (response) =>
    sendJson(response, status, { error: { message: 'no', type: 'error', param: null, code: null, ...error } }, headers);

/** Answers with these bytes. */
export const writes =
  (status: number, contentType: string, text: string): Behaviour =>
  (response) =>
    void response.writeHead(status, { 'content-type': contentType }).end(text);

/** Says nothing, and leaves the connection open. */
export const hangs: Behaviour = () => {};

/** Begins an answer and says no more. */
export const stalls =
  (status: number): Behaviour =>
  (response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).write('{"choices": [');

/** Closes the connection without an answer. */
export const hangsUp: Behaviour = (response) => void response.destroy();

/** Closes the connection in the middle of an answer. */
export const breaksOff: Behaviour = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100000' });
  response.write('{"choices": [', () => response.destroy());
};

/** Knows only these forms of an answer, and refuses others as real servers do. */
export const knowsOnly =
  (formats: readonly string[], content: unknown): Behaviour =>
  (response, question) => {
    const format = question.body.response_format?.type ?? 'text';
    const known = formats.includes(format);
    const refuse = fails(400, { message: `This response_format type is unavailable now: ${format}`, param: 'response_format' });
    (known ? says(content) : refuse)(response, question);
  };

function sendJson(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function readQuestion(headers: IncomingMessage['headers'], text: string): ReceivedQuestion {
  const body = chatRequestSchema.parse(JSON.parse(text));
  const parts = body.messages.flatMap(({ content }) =>
    typeof content === 'string' ? [{ type: 'text', text: content } as const] : content,
  );
  return {
    authorization: headers.authorization,
    headers,
    body,
    text: parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n'),
    jpegs: parts.flatMap((part) =>
      part.type === 'image_url' ? [Buffer.from(part.image_url.url.replace(/^data:image\/jpeg;base64,/, ''), 'base64')] : [],
    ),
  };
}

/** The entities of a good answer. */
export function goodEntities(): readonly object[] {
  const entities = sequence()['entities_timeline'];
  return Array.isArray(entities) ? entities : [];
}
