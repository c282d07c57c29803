import type { Client } from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import type { HostCamera } from '../domain/camera.ts';
import {
  CAMERA_REPORTED_SIGNAL,
  CAMERA_WATCH,
  type CameraReport,
  type CameraWatchInput,
  cameraWorkflowIdOf,
} from '../domain/camera-watch.ts';
import { PIPELINE_QUEUE, SEARCH_ATTRIBUTES } from '../domain/process-clip.ts';
import { err, ok, type Result } from '../domain/result.ts';

/** Longest that one attempt may take when the server does not answer. */
const TELL_TIMEOUT_MS = 2_500;
const CAMERA = defineSearchAttributeKey('ClipCamera', SEARCH_ATTRIBUTES.ClipCamera);

/** The server did not take a report; later it will. */
export interface CameraReportFailure {
  readonly message: string;
  readonly cause: unknown;
}

/** Tells a camera's watch how the camera is, and begins the watch where there is none. */
export async function tellCameraWatch(
  client: Client,
  camera: HostCamera,
  report: CameraReport,
): Promise<Result<void, CameraReportFailure>> {
  const input: CameraWatchInput = camera;
  try {
    await client.withDeadline(Date.now() + TELL_TIMEOUT_MS, () =>
      client.workflow.signalWithStart(CAMERA_WATCH, {
        taskQueue: PIPELINE_QUEUE,
        workflowId: cameraWorkflowIdOf(camera),
        args: [input],
        signal: CAMERA_REPORTED_SIGNAL,
        signalArgs: [report],
        staticSummary: `${camera.cameraName} · watch`,
        typedSearchAttributes: new TypedSearchAttributes([{ key: CAMERA, value: camera.cameraName }]),
      }),
    );
    return ok(undefined);
  } catch (cause) {
    return err({ message: cause instanceof Error ? cause.message : String(cause), cause });
  }
}
