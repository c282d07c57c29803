import { OpenAI } from 'openai';
import { ok, type Result } from '../../../domain/result.ts';
import type { Secret } from '../../../domain/secret.ts';
import type { PluginFailure } from '../../../domain/stage-error.ts';
import type { PluginContext } from '../../spec/plugin.ts';
import type { OpenaiAnalyzerConfig } from './config.ts';
import { describeFailure, isApiError, timedOut } from './failure.ts';

export interface ServerCall {
  readonly config: OpenaiAnalyzerConfig;
  readonly context: PluginContext;
  readonly key: Secret | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export type Answered<T> =
  | { readonly ok: true; readonly value: T; readonly elapsedMs: number }
  | {
      readonly ok: false;
      readonly error: PluginFailure;
      /** The HTTP status, when there was an answer at all, and what the server wrote. */
      readonly status: number | undefined;
      readonly complaint: string;
    };

type Send<T> = (client: OpenAI, options: { readonly signal: AbortSignal }) => Promise<T>;

/**
 * One request. The deadline is ours and covers the body too, which the SDK's own does not where the status is an error.
 * @throws the signal's reason when aborted.
 */
export async function callServer<T>(call: ServerCall, send: Send<T>): Promise<Answered<T>> {
  call.signal.throwIfAborted();
  const deadline = AbortSignal.timeout(call.timeoutMs);
  const startedMs = performance.now();
  try {
    const value = await send(createClient(call), { signal: AbortSignal.any([call.signal, deadline]) });
    return { ok: true, value, elapsedMs: performance.now() - startedMs };
  } catch (thrown) {
    call.signal.throwIfAborted();
    const answer = isApiError(thrown) ? thrown : undefined;
    const error = deadline.aborted ? timedOut(call.timeoutMs) : describeFailure(thrown, failureFacts(call));
    return { ok: false, error, status: answer?.status, complaint: `${answer?.param ?? ''} ${answer?.message ?? ''}` };
  }
}

/** The key that the configuration names; undefined for a server that needs none. */
export function readKey(config: OpenaiAnalyzerConfig, context: PluginContext): Result<Secret | undefined, PluginFailure> {
  return config.api_key_env === null ? ok(undefined) : context.readSecret(config.api_key_env);
}

const failureFacts = ({ timeoutMs, context, key }: ServerCall) => ({
  timeoutMs,
  nowMs: Date.parse(context.clock.now()),
  secret: key?.reveal(),
});

/** Costs nothing to make: connections belong to Node's fetch. No account is taken from the process's environment. */
function createClient({ config, key, timeoutMs }: ServerCall): OpenAI {
  return new OpenAI({
    baseURL: config.base_url,
    apiKey: key?.reveal() ?? 'none',
    adminAPIKey: null,
    organization: null,
    project: null,
    ...(key === undefined ? { defaultHeaders: { Authorization: null } } : {}),
    timeout: timeoutMs,
    // Temporal retries, by the stage's own policy and with the server's Retry-After.
    maxRetries: 0,
    logLevel: 'off',
  });
}
