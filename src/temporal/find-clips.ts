import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { type ClipId, clipIdOf } from '../domain/ids.ts';
import { PROCESS_CLIP } from '../domain/process-clip.ts';
import { isLatestRun } from './latest-run.ts';

/** A clip as Temporal's list shows it. */
export interface FoundClip {
  readonly clipId: ClipId;
  readonly camera: string;
  readonly status: string;
  readonly stage: string;
  readonly errorCode: string;
}

/**
 * The clips whose latest run matches a query of Temporal's list, newest start first: the same words as in its UI, such as
 * `ClipStatus = "parked" AND ClipCamera = "Front Door"`. Rejects when the query is wrong or the server does not answer.
 */
export async function* findClips(client: Client, filter: string): AsyncGenerator<FoundClip> {
  const runs = client.workflow.list({ query: `WorkflowType = "${PROCESS_CLIP}" AND (${filter})` })[Symbol.asyncIterator]();
  // Time for each call and not for all: there may be any number of clips.
  const inTime = <T>(call: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + ANSWER_WITHIN_MS, call);
  for (let next = await inTime(() => runs.next()); next.done !== true; next = await inTime(() => runs.next())) {
    const run = next.value;
    const clipId = clipIdOf(run.workflowId);
    if (clipId !== undefined && (await inTime(() => isLatestRun(client, run)))) yield foundClip(clipId, run);
  }
}

const ANSWER_WITHIN_MS = 20_000;

function foundClip(clipId: ClipId, { typedSearchAttributes }: WorkflowExecutionInfo): FoundClip {
  const attributes = new Map(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, String(value)]));
  const valueOf = (name: string): string => attributes.get(name) ?? '';
  const [camera, status] = [valueOf('ClipCamera'), valueOf('ClipStatus')];
  return { clipId, camera, status, stage: valueOf('ClipStage'), errorCode: valueOf('ClipErrorCode') };
}
