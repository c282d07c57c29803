import { defineSearchAttributeKey } from '@temporalio/common';
import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { ClipEvent } from '../src/domain/events.ts';
import {
  ACKNOWLEDGE_UPDATE,
  type AcknowledgeRequest,
  type ProcessClipState,
  RETRY_STAGE_UPDATE,
  type RetryStageRequest,
  SEARCH_ATTRIBUTES,
  STATE_QUERY,
  UNWRITTEN_QUERY,
  type UpdateAnswer,
} from '../src/domain/process-clip.ts';

export const retryStageUpdate = defineUpdate<UpdateAnswer, [RetryStageRequest]>(RETRY_STAGE_UPDATE);
export const acknowledgeUpdate = defineUpdate<UpdateAnswer, [AcknowledgeRequest]>(ACKNOWLEDGE_UPDATE);
export const stateQuery = defineQuery<ProcessClipState>(STATE_QUERY);
export const unwrittenQuery = defineQuery<readonly ClipEvent[]>(UNWRITTEN_QUERY);

export const CLIP_CAMERA = defineSearchAttributeKey('ClipCamera', SEARCH_ATTRIBUTES.ClipCamera);
export const CLIP_RECORDED_AT = defineSearchAttributeKey('ClipRecordedAt', SEARCH_ATTRIBUTES.ClipRecordedAt);
export const CLIP_STATUS = defineSearchAttributeKey('ClipStatus', SEARCH_ATTRIBUTES.ClipStatus);
export const CLIP_STAGE = defineSearchAttributeKey('ClipStage', SEARCH_ATTRIBUTES.ClipStage);
export const CLIP_ERROR_CODE = defineSearchAttributeKey('ClipErrorCode', SEARCH_ATTRIBUTES.ClipErrorCode);
export const CLIP_LABELS = defineSearchAttributeKey('ClipLabels', SEARCH_ATTRIBUTES.ClipLabels);
export const CLIP_ACKNOWLEDGED = defineSearchAttributeKey('ClipAcknowledged', SEARCH_ATTRIBUTES.ClipAcknowledged);
