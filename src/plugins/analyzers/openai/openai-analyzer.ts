import type { AnalysisResult } from '../../../domain/analysis.ts';
import { assertNever } from '../../../domain/assert-never.ts';
import { err, ok, type Result } from '../../../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../../domain/stage-error.ts';
import { cleanText } from '../../../kit/clean-text.ts';
import { extractJpegs, type JpegFrame } from '../../../media/jpeg-frames.ts';
import type { AnalysisRequest, Analyzer } from '../../spec/analyzer.ts';
import type { PluginContext } from '../../spec/plugin.ts';
import { type Chat, createChat, type ReplyFormat } from './chat.ts';
import type { OpenaiAnalyzerConfig } from './config.ts';
import { formatMediaTime, selectFrameTimes } from './frame-times.ts';
import { createPrompt, promptMessages, promptVersionOf, repairMessages } from './prompt.ts';
import { type Completion, type Reading, readReply } from './reply.ts';
import { toSequenceAnalysis, type WireSequence } from './sequence-schema.ts';

const PROGRESS_EVERY_MS = 2000;
const MAX_QUOTED_REPLY_CHARS = 8000;

/** Asks any OpenAI-compatible server what a clip shows. Aborted requests reject with the signal's reason. */
export function createOpenaiAnalyzer(config: OpenaiAnalyzerConfig, context: PluginContext): Analyzer {
  const chat = createChat(config, context);

  async function analyze(request: AnalysisRequest): Promise<Result<AnalysisResult, PluginFailure>> {
    const working = setInterval(() => request.onProgress('still at it'), PROGRESS_EVERY_MS);
    try {
      request.onProgress('taking frames');
      const frames = await takeFrames(request, config);
      if (!frames.ok) return frames;
      request.onProgress('asking the model');
      return await converse({ chat, config, request, frames: frames.value });
    } finally {
      clearInterval(working);
    }
  }

  return { analyze, ping: chat.ping, close: async () => {} };
}

async function takeFrames(
  request: AnalysisRequest,
  config: OpenaiAnalyzerConfig,
): Promise<Result<readonly JpegFrame[], PluginFailure>> {
  const { path, signal, durationMs } = request;
  const sightingsMs = request.filter?.detections.map((detection) => detection.atMs) ?? [];
  const atMs = selectFrameTimes({ durationMs, maxFrames: config.max_frames, sightingsMs });
  const look = { path, maxSize: config.max_size, quality: config.quality, signal };
  const taken = await extractJpegs({ ...look, atMs });
  // A slide show of a clip can have its only frame before all of these moments.
  return taken.ok || atMs[0] === 0 ? taken : await extractJpegs({ ...look, atMs: [0] });
}

interface Conversation {
  readonly chat: Chat;
  readonly config: OpenaiAnalyzerConfig;
  readonly request: AnalysisRequest;
  readonly frames: readonly JpegFrame[];
}

/** Asks, and asks once more when the answer does not follow the schema. */
async function converse(talk: Conversation): Promise<Result<AnalysisResult, PluginFailure>> {
  const { config, request, frames } = talk;
  const prompt = createPrompt(promptFacts(request, config), frames, config.detail);
  const { clipId, cameraName, signal } = request;
  const ask = (repair: ReturnType<typeof repairMessages>) => {
    const messagesFor = (format: ReplyFormat) => [...promptMessages(prompt, format !== 'json_schema'), ...repair];
    return talk.chat.ask({ clipId, cameraName, signal, messagesFor });
  };

  const first = await ask([]);
  if (!first.ok) return first;
  const reading = readReply(first.value);
  if (reading.state !== 'repairable') return settle(talk, reading, [first.value]);

  request.onProgress('asking the model to correct its answer');
  const second = await ask(repairMessages(cleanText(reading.text, MAX_QUOTED_REPLY_CHARS), reading.problems));
  return second.ok ? settle(talk, readReply(second.value), [first.value, second.value]) : second;
}

function settle(talk: Conversation, reading: Reading, answers: readonly Completion[]): Result<AnalysisResult, PluginFailure> {
  switch (reading.state) {
    case 'valid':
      return ok(toResult(talk, reading.value, answers));
    case 'failed':
      return err(reading.failure);
    case 'repairable': {
      const problems = reading.problems.join('; ').slice(0, 1000);
      return err(pluginFailure('VLM_REPLY_INVALID', `the model was asked twice and did not follow the schema: ${problems}`));
    }
    default:
      return assertNever(reading);
  }
}

function toResult({ config, frames }: Conversation, wire: WireSequence, answers: readonly Completion[]): AnalysisResult {
  const analysis = toSequenceAnalysis(wire, {
    frameCount: frames.length,
    videoStartTime: formatMediaTime(frames.at(0)?.atMs ?? 0),
    videoEndTime: formatMediaTime(frames.at(-1)?.atMs ?? 0),
  });
  return {
    riskLevel: analysis.maxRiskLevel,
    activityType: analysis.primaryActivity,
    summary: analysis.sequenceDescription,
    analysis,
    model: cleanText(answers.at(-1)?.model ?? '', 200) || config.model,
    promptVersion: promptVersionOf(config.instructions),
    ...sumTokens(answers),
  };
}

/** Of all turns; nothing when a server counted none of them. */
function sumTokens(answers: readonly Completion[]): Pick<AnalysisResult, 'promptTokens' | 'completionTokens'> {
  const usages = answers.flatMap(({ usage }) => (usage ? [usage] : []));
  if (usages.length === 0) return {};
  return {
    promptTokens: usages.reduce((sum, usage) => sum + usage.prompt_tokens, 0),
    completionTokens: usages.reduce((sum, usage) => sum + usage.completion_tokens, 0),
  };
}

function promptFacts(request: AnalysisRequest, config: OpenaiAnalyzerConfig) {
  const { cameraName, recordedStartAt, durationMs, filter } = request;
  const contexts = new Map(Object.entries(config.camera_context));
  const cameraContext = contexts.get(cameraName);
  return {
    cameraName,
    recordedStartAt,
    durationMs,
    timeZone: config.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    ...(cameraContext === undefined ? {} : { cameraContext }),
    ...(filter === undefined ? {} : { filter }),
    ...(config.instructions === undefined ? {} : { instructions: config.instructions }),
  };
}
