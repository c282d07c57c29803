import { APIConnectionError, APIConnectionTimeoutError, APIError, OpenAIError } from 'openai';
import { causesOf, type PluginFailure, pluginFailure, type StageErrorCode } from '../../../domain/stage-error.ts';
import { cleanText } from '../../../kit/clean-text.ts';
import { readRetryAfterMs } from '../../../kit/retry-after.ts';

const MAX_MESSAGE_CHARS = 500;

/** `instanceof` alone would make every field of the SDK's generic class an `any`. */
export const isApiError = (thrown: unknown): thrown is APIError => thrown instanceof APIError;

export interface FailureFacts {
  readonly timeoutMs: number;
  readonly nowMs: number;
  /** Taken out of every text: servers quote the key that they refuse. */
  readonly secret?: string | undefined;
}

/**
 * What the SDK threw, as a failure with its cause chain.
 * @throws what is no failure of the server or the way to it: a bug.
 */
export function describeFailure(thrown: unknown, facts: FailureFacts): PluginFailure {
  const known = classify(thrown, facts);
  if (known === undefined) throw thrown;
  const retryAfterMs = isApiError(thrown) ? readRetryAfterMs(thrown.headers, facts.nowMs) : undefined;
  const { causes, ...failure } = pluginFailure(known.code, known.message, thrown, retryAfterMs);
  const clean = (text: string) => cleanText(withoutSecret(text, facts.secret), MAX_MESSAGE_CHARS);
  return {
    ...failure,
    message: clean(failure.message),
    causes: causes.map((cause) => ({ ...cause, message: clean(cause.message) })),
  };
}

/** The server took too long, by our own clock. */
export const timedOut = (timeoutMs: number): PluginFailure =>
  pluginFailure('VLM_TIMED_OUT', `the model server did not answer within ${timeoutMs / 1000} s`);

function classify(thrown: unknown, facts: FailureFacts): { code: StageErrorCode; message: string } | undefined {
  if (thrown instanceof APIConnectionTimeoutError) return timedOut(facts.timeoutMs);
  if (thrown instanceof APIConnectionError) {
    return { code: 'VLM_UNREACHABLE', message: `the model server cannot be reached: ${causesOf(thrown).at(-1)?.message ?? ''}` };
  }
  if (isApiError(thrown) && thrown.status !== undefined) {
    return { code: codeOfStatus(thrown.status, thrown), message: `the model server answered ${thrown.message}` };
  }
  if (thrown instanceof OpenAIError) return { code: 'VLM_REJECTED', message: `no request could be made: ${thrown.message}` };
  // While the body was being read, the SDK lets through what fetch throws: a cut connection, or what is no JSON.
  if (thrown instanceof SyntaxError) return { code: 'VLM_REPLY_INVALID', message: 'the model server did not answer with JSON' };
  if (thrown instanceof TypeError && thrown.cause !== undefined) {
    return { code: 'VLM_UNREACHABLE', message: 'the connection to the model server broke off' };
  }
  return undefined;
}

function codeOfStatus(status: number, error: APIError): StageErrorCode {
  // A quota that is used up comes as 429 too, and no waiting of minutes brings it back.
  if (error.code === 'insufficient_quota') return 'VLM_REJECTED';
  if (error.code === 'content_filter' || error.code === 'content_policy_violation') return 'VLM_REFUSED';
  if (status === 429) return 'VLM_RATE_LIMITED';
  if (status === 408) return 'VLM_TIMED_OUT';
  return status >= 500 ? 'VLM_OVERLOADED' : 'VLM_REJECTED';
}

const withoutSecret = (text: string, secret: string | undefined): string =>
  secret === undefined || secret === '' ? text : text.replaceAll(secret, '[redacted]');
