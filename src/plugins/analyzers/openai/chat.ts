import type { ChatCompletionCreateParamsNonStreaming, ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import type { ClipId } from '../../../domain/ids.ts';
import { err, ok, type Result } from '../../../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../../domain/stage-error.ts';
import type { PluginContext } from '../../spec/plugin.ts';
import type { OpenaiAnalyzerConfig } from './config.ts';
import { type Completion, completionSchema } from './reply.ts';
import { SEQUENCE_SCHEMA_NAME, sequenceJsonSchema } from './sequence-schema.ts';
import { type Answered, callServer, readKey, type ServerCall } from './server-call.ts';

/** How strictly a server can be held to a form, strictest first. */
const REPLY_FORMATS = ['json_schema', 'json_object', 'text'] as const;
export type ReplyFormat = (typeof REPLY_FORMATS)[number];

/** Saying no to a format, in the words of OpenAI, vLLM, llama.cpp, LM Studio and others. */
const FORMAT_REFUSAL = /response[_ ]format|json[_ ](schema|object)|structured[_ ]output|grammar/i;
const FORMAT_REFUSAL_STATUSES = [400, 422, 501];

const PING_TIMEOUT_MS = 10_000;

export interface ChatQuestion {
  readonly clipId: ClipId;
  readonly cameraName: string;
  readonly messagesFor: (format: ReplyFormat) => ChatCompletionMessageParam[];
  readonly signal: AbortSignal;
}

/** @throws the signal's reason when aborted. */
export interface Chat {
  ask(question: ChatQuestion): Promise<Result<Completion, PluginFailure>>;
  ping(): Promise<Result<void, PluginFailure>>;
}

/** Talks to one server and remembers which reply format it takes. */
export function createChat(config: OpenaiAnalyzerConfig, context: PluginContext): Chat {
  let formatIndex = 0;

  async function ask(question: ChatQuestion): Promise<Result<Completion, PluginFailure>> {
    const key = readKey(config, context);
    if (!key.ok) return key;
    const timeoutMs = config.request_timeout_s * 1000;
    const call: ServerCall = { config, context, key: key.value, timeoutMs, signal: question.signal };
    for (;;) {
      const tried = formatIndex;
      const params = createParams(config, question, REPLY_FORMATS[tried] ?? 'text');
      const answered: Answered<unknown> = await callServer(call, (client, options) =>
        client.chat.completions.create(params, options),
      );
      if (answered.ok) return readCompletion(answered.value, answered.elapsedMs, { config, context, question });
      if (!refusesFormat(answered) || tried + 1 >= REPLY_FORMATS.length) return err(answered.error);
      // Requests side by side may find out together: only ever forward.
      formatIndex = Math.max(formatIndex, tried + 1);
      context.logger.warn(
        { reply_format: REPLY_FORMATS[formatIndex] },
        'model server refused the reply format, asking less of it',
      );
    }
  }

  async function ping(): Promise<Result<void, PluginFailure>> {
    const key = readKey(config, context);
    if (!key.ok) return key;
    const call: ServerCall = { config, context, key: key.value, timeoutMs: PING_TIMEOUT_MS, signal: context.signal };
    const listed = await callServer(call, (client, options) => client.models.list(options));
    // A server without a list of models is there all the same.
    return listed.ok || listed.status === 404 || listed.status === 405 ? ok(undefined) : err(listed.error);
  }

  return { ask, ping };
}

const refusesFormat = ({ status, complaint }: Extract<Answered<unknown>, { ok: false }>): boolean =>
  status !== undefined && FORMAT_REFUSAL_STATUSES.includes(status) && FORMAT_REFUSAL.test(complaint);

function createParams(
  config: OpenaiAnalyzerConfig,
  question: ChatQuestion,
  format: ReplyFormat,
): ChatCompletionCreateParamsNonStreaming {
  return {
    model: config.model,
    messages: question.messagesFor(format),
    [config.token_param]: config.max_completion_tokens,
    ...(config.temperature === null ? {} : { temperature: config.temperature }),
    ...responseFormat(format),
  };
}

function responseFormat(format: ReplyFormat): Pick<ChatCompletionCreateParamsNonStreaming, 'response_format'> {
  if (format === 'text') return {};
  if (format === 'json_object') return { response_format: { type: 'json_object' } };
  const json_schema = { name: SEQUENCE_SCHEMA_NAME, strict: true, schema: sequenceJsonSchema };
  return { response_format: { type: 'json_schema', json_schema } };
}

interface Asked {
  readonly config: OpenaiAnalyzerConfig;
  readonly context: PluginContext;
  readonly question: ChatQuestion;
}

function readCompletion(answer: unknown, elapsedMs: number, asked: Asked): Result<Completion, PluginFailure> {
  const parsed = completionSchema.safeParse(answer);
  if (!parsed.success) {
    const message = 'the model server did not answer with a chat completion; check vlm.config.base_url';
    return err(pluginFailure('VLM_REPLY_INVALID', message));
  }
  logUsage(parsed.data, elapsedMs, asked);
  return ok(parsed.data);
}

function logUsage({ usage }: Completion, elapsedMs: number, { config, context, question }: Asked): void {
  const fields = {
    event_type: 'vlm_usage',
    provider: 'openai',
    model: config.model,
    token_param: config.token_param,
    clip_id: question.clipId,
    camera_name: question.cameraName,
    temperature: config.temperature,
    prompt_tokens: usage?.prompt_tokens,
    completion_tokens: usage?.completion_tokens,
    total_tokens: usage?.total_tokens,
    elapsed_s: Math.round(elapsedMs) / 1000,
  };
  context.logger.info(fields, 'the model answered');
}
