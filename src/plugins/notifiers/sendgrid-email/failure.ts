import { z } from 'zod';
import { type PluginFailure, pluginFailure } from '../../../domain/stage-error.ts';
import { cleanText } from '../../../kit/clean-text.ts';
import { statusFailure } from '../../../kit/http-delivery.ts';
import { reasonOf } from '../../../kit/thrown-reason.ts';
import { redactSecrets } from '../../../kit/without-secrets.ts';

const MAX_SAID_CHARS = 300;

const retrySchema = z.object({ 'retry-after': z.string().optional(), 'x-ratelimit-reset': z.string().optional() });
/** The answer that an error of the SDK carries, and that of the HTTP client below it, whose status stands elsewhere. */
const answerSchema = z.object({
  code: z.unknown().optional(),
  response: z.object({ status: z.number().optional(), headers: retrySchema, body: z.unknown().optional() }),
});
const networkSchema = z.object({ isAxiosError: z.literal(true) });
const bodySchema = z.object({ errors: z.array(z.object({ message: z.string() })) });

/**
 * What the SDK threw, as a failure. Rate limits say when they end, as `Retry-After` or in SendGrid's own header.
 * @throws what is no failure of the server or the way to it: a bug.
 */
export function sendgridFailure(thrown: unknown, nowMs: number, secrets: readonly string[]): PluginFailure {
  const answer = answerSchema.safeParse(thrown);
  if (!answer.success) {
    if (!networkSchema.safeParse(thrown).success) throw thrown;
    return pluginFailure('NOTIFY_UNREACHABLE', `SendGrid cannot be reached: ${reasonOf(thrown)}`, thrown);
  }
  const { code, response } = answer.data;
  const status = typeof code === 'number' ? code : (response.status ?? 0);
  const body = bodySchema.safeParse(response.body);
  const said = body.success ? body.data.errors.map(({ message }) => message).join('; ') : '';
  const excerpt = cleanText(redactSecrets(said, secrets), MAX_SAID_CHARS);
  return statusFailure('SendGrid', { status, headers: retryHeaders(response.headers, nowMs) }, excerpt);
}

function retryHeaders(headers: z.output<typeof retrySchema>, nowMs: number): Headers {
  const { 'retry-after': retryAfter, 'x-ratelimit-reset': resetAtS } = headers;
  if (retryAfter !== undefined) return new Headers({ 'retry-after': retryAfter });
  const waitS = Number(resetAtS) - nowMs / 1000;
  return new Headers(waitS > 0 ? { 'retry-after': String(Math.ceil(waitS)) } : {});
}
