import { z } from 'zod';
import { type PluginFailure, pluginFailure } from '../../../domain/stage-error.ts';
import { cleanText } from '../../../kit/clean-text.ts';
import { sequenceSchema, type WireSequence } from './sequence-schema.ts';

const tokens = z.int().nonnegative();

/** The part of a chat completion that is read. Some servers leave out what the SDK's types promise. */
export const completionSchema = z.object({
  model: z.string().optional().catch(undefined),
  choices: z
    .array(
      z.object({
        finish_reason: z.string().nullish(),
        message: z.object({ content: z.string().nullish(), refusal: z.string().nullish() }),
      }),
    )
    .min(1),
  usage: z.object({ prompt_tokens: tokens, completion_tokens: tokens, total_tokens: tokens }).nullish().catch(undefined),
});
export type Completion = z.output<typeof completionSchema>;

/** An answer as it was understood: a value; one that a repair turn may better; or no use at all. */
export type Reading =
  | { readonly state: 'valid'; readonly value: WireSequence }
  | { readonly state: 'repairable'; readonly text: string; readonly problems: readonly string[] }
  | { readonly state: 'failed'; readonly failure: PluginFailure };

const MAX_PROBLEMS = 20;

export function readReply({ choices }: Completion): Reading {
  const choice = choices[0];
  const text = choice?.message.content?.trim() ?? '';
  const refusal = choice?.message.refusal?.trim() ?? '';
  const reason = choice?.finish_reason;
  if (refusal !== '') return failed('VLM_REFUSED', `the model refused: ${cleanText(refusal, 300)}`);
  if (reason === 'content_filter') return failed('VLM_REFUSED', 'the content filter of the model server withheld the answer');
  if (reason === 'length') {
    return failed('VLM_REPLY_INVALID', 'the answer was cut off at the limit; raise vlm.config.max_completion_tokens');
  }
  if (text === '') return failed('VLM_REPLY_INVALID', 'the model answered with nothing');
  return readSequence(text);
}

const failed = (code: 'VLM_REFUSED' | 'VLM_REPLY_INVALID', message: string): Reading => ({
  state: 'failed',
  failure: pluginFailure(code, message),
});

function readSequence(text: string): Reading {
  const candidates = jsonCandidates(text).flatMap(parseJson);
  const checked = candidates.map((candidate) => sequenceSchema.safeParse(candidate));
  const good = checked.find((result) => result.success);
  if (good !== undefined) return { state: 'valid', value: good.data };
  const problems = checked[0]?.error?.issues.slice(0, MAX_PROBLEMS).map(describeIssue) ?? ['it is not one JSON object'];
  return { state: 'repairable', text, problems };
}

const describeIssue = (issue: z.core.$ZodIssue): string => `${issue.path.join('.') || 'the answer'}: ${issue.message}`;

/** Where an answer may have its JSON: all of it, without the model's thinking, in a Markdown fence, between the outer braces. */
function jsonCandidates(text: string): string[] {
  const said = text.replace(/^[\s\S]*<\/think>/, '');
  const fenced = /```(?:json)?\s*\n([\s\S]*?)\n\s*```/i.exec(said)?.[1];
  const braced = said.slice(said.indexOf('{'), said.lastIndexOf('}') + 1);
  return [said, ...(fenced === undefined ? [] : [fenced]), braced];
}

/** None or one: the value, when it is an object. */
function parseJson(text: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? [value] : [];
  } catch {
    return [];
  }
}
