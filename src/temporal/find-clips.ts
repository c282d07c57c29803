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
  for await (const run of client.workflow.list({ query: `WorkflowType = "${PROCESS_CLIP}" AND (${filter})` })) {
    const clipId = clipIdOf(run.workflowId);
    if (clipId !== undefined && (await isLatestRun(client, run))) yield foundClip(clipId, run);
  }
}

function foundClip(clipId: ClipId, { typedSearchAttributes }: WorkflowExecutionInfo): FoundClip {
  const attributes = new Map(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, String(value)]));
  const valueOf = (name: string): string => attributes.get(name) ?? '';
  const [camera, status] = [valueOf('ClipCamera'), valueOf('ClipStatus')];
  return { clipId, camera, status, stage: valueOf('ClipStage'), errorCode: valueOf('ClipErrorCode') };
}
