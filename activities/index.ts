import type { Activities } from '../src/domain/activities.ts';
import type { RecallRuns } from '../src/domain/clip-memory.ts';
import type { CameraRepository } from '../src/repository/camera-repository.ts';
import type { ClipRepository } from '../src/repository/clip-repository.ts';
import { type AnalyzeDeps, createAnalyzeClip } from './analyze-clip.ts';
import { createDecideAlert, type Decider } from './decide-alert.ts';
import { createDetectObjects, type DetectDeps } from './detect-objects.ts';
import { createRecallClip, unlessDelivered } from './recall-clip.ts';
import { createRecordCameraEvents, createRecordEvents } from './record-events.ts';
import { createReleaseClip, type ReleaseDeps } from './release-clip.ts';
import { createSendNotification, type NotifyDeps } from './send-notification.ts';
import { createUploadClip, type UploadDeps } from './upload-clip.ts';

/** On the queue of the host that holds the bytes. */
export const createHostActivities = (deps: UploadDeps & ReleaseDeps): Pick<Activities, 'uploadClip' | 'releaseClip'> => ({
  uploadClip: createUploadClip(deps),
  releaseClip: createReleaseClip(deps),
});

/** On the GPU queue. */
export const createGpuActivities = (deps: DetectDeps): Pick<Activities, 'detectObjects'> => ({
  detectObjects: createDetectObjects(deps),
});

/** On the queue of the vision-language model. */
export const createVlmActivities = (deps: AnalyzeDeps): Pick<Activities, 'analyzeClip'> => ({
  analyzeClip: createAnalyzeClip(deps),
});

export interface PipelineDeps extends NotifyDeps {
  readonly policy: Decider;
  readonly repository: Pick<ClipRepository, 'append'>;
  readonly cameras: CameraRepository;
  readonly addToBacklog: Activities['addToBacklog'];
  readonly recallRuns: RecallRuns;
}

/** Beside the workflows, on their queue. */
export const createPipelineActivities = (
  deps: PipelineDeps,
): Pick<
  Activities,
  'decideAlert' | 'askDesk' | 'sendNotification' | 'recallClip' | 'recordEvents' | 'recordCameraEvents' | 'addToBacklog'
> => ({
  decideAlert: createDecideAlert(deps.policy),
  askDesk: deps.desk.ask,
  sendNotification: unlessDelivered(deps.recallRuns, createSendNotification(deps)),
  recallClip: createRecallClip(deps.recallRuns),
  recordEvents: createRecordEvents(deps.repository),
  recordCameraEvents: createRecordCameraEvents(deps.cameras),
  addToBacklog: deps.addToBacklog,
});
