import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
} from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import type { Clip } from '../domain/clip.ts';
import { workflowIdOf } from '../domain/ids.ts';
import { PIPELINE_QUEUE, PROCESS_CLIP, type ProcessClipInput, SEARCH_ATTRIBUTES } from '../domain/process-clip.ts';
import { err, ok, type Result } from '../domain/result.ts';

/** Longest that one attempt to start a clip may take when the server does not answer. */
const START_TIMEOUT_MS = 2_500;

export interface StartClipFailure {
  /**
   * `refused`: this clip will never be accepted as it is. `closed`: its workflow ran before and has ended.
   * `unavailable`: the server, namespace or search attributes are not there; later it will work.
   */
  readonly kind: 'refused' | 'closed' | 'unavailable';
  readonly message: string;
  readonly cause: unknown;
}

/** Starts a clip's one workflow; a repeated start finds the first. At most 3 s when the server is away. */
export async function startClip(client: Client, input: ProcessClipInput): Promise<Result<void, StartClipFailure>> {
  try {
    await client.withDeadline(Date.now() + START_TIMEOUT_MS, () =>
      client.workflow.start(PROCESS_CLIP, {
        ...startOptions(input),
        memo: memoOf(input.clip),
        workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      }),
    );
    return ok(undefined);
  } catch (cause) {
    return err(startFailure(cause));
  }
}

/** Runs a closed clip once more, as its next generation: without the memo, as the Temporal UI starts a workflow like another. Throws when the server is away or the clip still runs. */
export async function restartClip(client: Client, input: ProcessClipInput): Promise<void> {
  await client.workflow.start(PROCESS_CLIP, {
    ...startOptions(input),
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
  });
}

function startOptions(input: ProcessClipInput) {
  const { clip } = input;
  return {
    taskQueue: PIPELINE_QUEUE,
    workflowId: workflowIdOf(clip.clipId),
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    args: [input],
    staticSummary: summaryOf(clip),
    typedSearchAttributes: new TypedSearchAttributes([
      { key: CAMERA, value: clip.cameraName },
      { key: STATUS, value: 'queued_local' },
      { key: RECORDED_AT, value: new Date(clip.recordedStartAt) },
    ]),
  };
}

/** Only a hand-over gives it: its absence tells a workflow that it is started again (`isStartedAgain`). */
const memoOf = ({ durationMs, sha256, storageKey }: Clip) => ({ durationMs, sha256, storageKey });

const CAMERA = defineSearchAttributeKey('ClipCamera', SEARCH_ATTRIBUTES.ClipCamera);
const STATUS = defineSearchAttributeKey('ClipStatus', SEARCH_ATTRIBUTES.ClipStatus);
const RECORDED_AT = defineSearchAttributeKey('ClipRecordedAt', SEARCH_ATTRIBUTES.ClipRecordedAt);

const summaryOf = ({ cameraName, recordedStartAt, durationMs }: Clip): string =>
  `${cameraName} · ${recordedStartAt.slice(0, 19).replace('T', ' ')} UTC · ${Math.round(durationMs / 1000)} s`;

/** gRPC's INVALID_ARGUMENT. */
const INVALID_ARGUMENT = 3;

function startFailure(cause: unknown): StartClipFailure {
  if (cause instanceof WorkflowExecutionAlreadyStartedError)
    return { kind: 'closed', message: 'its workflow has ended before', cause };
  const message = innermostMessage(cause);
  // A search attribute that the namespace does not know yet is the system's fault, not the clip's.
  const refused = grpcCodeOf(cause) === INVALID_ARGUMENT && !/search attribute|namespace/i.test(message);
  return { kind: refused ? 'refused' : 'unavailable', message, cause };
}

/** The SDK wraps the gRPC error once; the wrapper has no code. */
function grpcCodeOf(thrown: unknown): unknown {
  const inner = thrown instanceof Error ? thrown.cause : undefined;
  return inner instanceof Error && 'code' in inner ? inner.code : undefined;
}

function innermostMessage(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause instanceof Error ? innermostMessage(thrown.cause) : thrown.message;
}
