import { randomUUID } from 'node:crypto';
import {
  type Client,
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { type ClipState, clipOf } from '../domain/clip-state.ts';
import { type ClipId, workflowIdOf } from '../domain/ids.ts';
import {
  ACKNOWLEDGE_UPDATE,
  type AcknowledgeRequest,
  type ClipPlan,
  type ProcessClipState,
  RETRY_STAGE_UPDATE,
  type RetryStageRequest,
  STATE_QUERY,
  type UpdateAnswer,
} from '../domain/process-clip.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { causesOf, type Stage } from '../domain/stage-error.ts';
import type { ClipRepository } from '../repository/clip-repository.ts';
import { type FoundClip, findClips } from '../temporal/find-clips.ts';
import { type ResetPoint, resetClip as resetWorkflow } from '../temporal/reset-clip.ts';
import { restartClip } from '../temporal/start-clip.ts';

/** What a person does to a clip, whether its workflow still runs or has ended. */
export interface ClipCommandDeps {
  readonly client: Client;
  readonly repository: Pick<ClipRepository, 'get' | 'append'>;
  /** Opens a clip again that this machine's spool has set aside; false when it has no such clip. */
  readonly readmit: (clipId: ClipId) => Promise<boolean>;
  /** What a re-run goes by: today's configuration, not that of the first run. */
  readonly plan: ClipPlan;
}

export interface ClipCommandError {
  /** `unknown_clip`, `refused` for what this clip is, a filter that Temporal cannot read, or a server that does not answer. */
  readonly code: 'unknown_clip' | 'refused' | 'filter_invalid' | 'unavailable';
  readonly message: string;
}

export type RetryOutcome =
  | { readonly how: 'retried'; readonly stages: readonly Stage[] }
  | { readonly how: 'restarted'; readonly generation: number }
  /** It had never started; the spool hands it over again. */
  | { readonly how: 'readmitted' };

/**
 * Has what failed tried again: a parked clip repeats the stage (left out: each that failed), a closed one runs once more as
 * its next generation, and one that never started, because it was refused, is handed over again.
 */
export function retryClip(deps: ClipCommandDeps, clipId: ClipId, stage?: Stage): Promise<Result<RetryOutcome, ClipCommandError>> {
  return answered(deps.client, async () => {
    const handle = deps.client.workflow.getHandle(workflowIdOf(clipId));
    if (!(await isRunning(deps.client, clipId))) return restart(deps, clipId, stage);
    const stages = stage === undefined ? (await handle.query<ProcessClipState>(STATE_QUERY)).failedStages : [stage];
    if (stages.length === 0) return err(refusal('nothing of this clip has failed; it is still being processed'));
    // The filter takes the model along, which soon has not failed any more.
    for (const failed of stages.filter((each) => each !== 'vlm' || !stages.includes('filter'))) {
      const answer = await handle.executeUpdate<UpdateAnswer, [RetryStageRequest]>(RETRY_STAGE_UPDATE, {
        args: [{ stage: failed }],
      });
      if (!answer.applied) return err(BEING_RESET);
    }
    return ok({ how: 'retried', stages });
  });
}

/** Takes a clip back to an earlier point, running or closed; what it did before that is kept. */
export function resetClip(
  { client }: Pick<ClipCommandDeps, 'client'>,
  clipId: ClipId,
  point: ResetPoint,
): Promise<Result<void, ClipCommandError>> {
  return answered(client, async () => {
    const reset = await resetWorkflow(client, clipId, point);
    return reset.ok ? reset : err(refusal(reset.error));
  });
}

/** The clips whose latest run matches a query of Temporal's list, in the words of its UI. */
export function matchingClips(
  { client }: Pick<ClipCommandDeps, 'client'>,
  filter: string,
): Promise<Result<FoundClip[], ClipCommandError>> {
  return answered(client, async () => {
    const found: FoundClip[] = [];
    for await (const clip of findClips(client, filter)) found.push(clip);
    return ok(found);
  });
}

/** Marks a clip as seen by a person. Of a closed clip only the event remains to be written. */
export function acknowledgeClip(deps: ClipCommandDeps, clipId: ClipId, by: string): Promise<Result<void, ClipCommandError>> {
  return answered(deps.client, async () => {
    if (by.trim() === '') return err(refusal('say who acknowledges it'));
    if (await isRunning(deps.client, clipId)) {
      const handle = deps.client.workflow.getHandle(workflowIdOf(clipId));
      const answer = await handle.executeUpdate<UpdateAnswer, [AcknowledgeRequest]>(ACKNOWLEDGE_UPDATE, { args: [{ by }] });
      return answer.applied ? ok(undefined) : err(BEING_RESET);
    }
    const found = await stateOf(deps, clipId);
    if (!found.ok) return found;
    const { generation, lastSequence } = found.value;
    const stamp = { id: randomUUID(), clipId, generation, timestamp: new Date().toISOString() };
    const sequence = Math.max(lastSequence + 1, Date.now() * 1000);
    const written = await deps.repository.append(clipId, [{ eventType: 'clip_acknowledged', by, sequence, ...stamp }]);
    return written.ok ? ok(undefined) : err({ code: 'unavailable', message: written.error.message });
  });
}

async function isRunning(client: Client, clipId: ClipId): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(workflowIdOf(clipId)).describe();
    return status.name === 'RUNNING';
  } catch (error) {
    // Forgotten after the namespace's retention.
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

async function restart(deps: ClipCommandDeps, clipId: ClipId, stage?: Stage): Promise<Result<RetryOutcome, ClipCommandError>> {
  const found = await stateOf(deps, clipId);
  if (!found.ok && found.error.code === 'unknown_clip' && (await deps.readmit(clipId))) return ok({ how: 'readmitted' });
  if (!found.ok) return found;
  const state = found.value;
  if (state.status === 'deleted') return err(refusal('the clip is deleted, and its bytes with it'));
  const generation = state.generation + 1;
  const delivered = Object.fromEntries(
    state.deliveries.filter(({ status }) => status === 'sent').map(({ notifierName, revision }) => [notifierName, revision]),
  );
  const input = { clip: clipOf(state), plan: deps.plan, generation, delivered };
  await restartClip(deps.client, stage === undefined ? input : { ...input, retryStage: stage });
  return ok({ how: 'restarted', generation });
}

async function stateOf({ repository }: ClipCommandDeps, clipId: ClipId): Promise<Result<ClipState, ClipCommandError>> {
  const found = await repository.get(clipId);
  if (!found.ok) return err({ code: 'unavailable', message: found.error.message });
  return found.value === undefined ? err({ code: 'unknown_clip', message: `no clip is called ${clipId}` }) : ok(found.value);
}

const refusal = (message: string): ClipCommandError => ({ code: 'refused', message });

/** The workflow cannot tell a new update from those that a reset delivers again, when they come together. */
const BEING_RESET = refusal('the clip was being reset at this very moment; send it again');

/** An update is answered by a worker, in the time that one workflow task takes. */
const ANSWER_WITHIN_MS = 20_000;

/** What a person should read: a refusal in the workflow's own words, or who does not answer. */
async function answered<T>(
  client: Client,
  command: () => Promise<Result<T, ClipCommandError>>,
): Promise<Result<T, ClipCommandError>> {
  try {
    return await client.withDeadline(Date.now() + ANSWER_WITHIN_MS, command);
  } catch (error) {
    return err(failureOf(error));
  }
}

function failureOf(error: unknown): ClipCommandError {
  const message = causesOf(error).at(-1)?.message ?? String(error);
  if (error instanceof WorkflowUpdateFailedError) return refusal(message);
  if (error instanceof WorkflowExecutionAlreadyStartedError) return refusal('somebody else has just started the clip again');
  if (error instanceof WorkflowNotFoundError) return refusal('the clip has ended at this very moment; send it again');
  const [, badQuery] = /invalid query: (.*)/is.exec(message) ?? [];
  if (badQuery !== undefined)
    return {
      code: 'filter_invalid',
      message: `Temporal does not understand the filter: ${badQuery}; see docs/guide/temporal-ui.md`,
    };
  if (isAnswer(error)) return refusal(`Temporal refuses: ${message}`);
  if (/DEADLINE_EXCEEDED|deadline/i.test(message)) return { code: 'unavailable', message: NO_ANSWER };
  return { code: 'unavailable', message: `Temporal: ${message}` };
}

const INVALID_ARGUMENT = 3;
const FAILED_PRECONDITION = 9;

/** The server has looked at this clip, and will not. The SDK wraps what comes over gRPC at most once. */
function isAnswer(error: unknown): boolean {
  const inner = error instanceof Error && !isGrpcServiceError(error) ? error.cause : error;
  return isGrpcServiceError(inner) && [INVALID_ARGUMENT, FAILED_PRECONDITION].includes(inner.code);
}

const NO_ANSWER = `No answer within ${ANSWER_WITHIN_MS / 1000} s: see that Temporal runs, and \`homesec run\` or \`homesec worker pipeline\`.`;
