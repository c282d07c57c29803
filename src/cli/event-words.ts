import { assertNever } from '../domain/assert-never.ts';
import type { FilterResult } from '../domain/detection.ts';
import type { ClipEvent } from '../domain/events.ts';
import { formatMs } from '../domain/format-ms.ts';
import { sizeInWords } from '../kit/size-in-words.ts';

/** How long the stage took that an event ends, such as `132 ms` or `10.3 s`; empty for events that end none. */
export const tookOf = (event: ClipEvent): string =>
  'durationMs' in event && event.eventType !== 'clip_recorded' ? formatMs(event.durationMs) : '';

/** The one or two facts of an event that a reader of a history looks for. */
export function detailOf(event: ClipEvent): string {
  const again = 'attempt' in event && event.attempt > 1 ? ` (attempt ${event.attempt})` : '';
  switch (event.eventType) {
    case 'clip_recorded':
      return `${event.cameraName}, ${formatMs(event.durationMs)} of video, ${sizeInWords(event.sizeBytes)}`;
    case 'upload_failed':
    case 'filter_failed':
    case 'vlm_failed':
    case 'notification_failed':
      return `${event.errorCode}: ${event.errorMessage}${again}`;
    case 'upload_completed':
      return `${event.storageUri}${again}`;
    case 'filter_completed':
      return `${seenBy(event)}${again}`;
    case 'vlm_completed':
      return `risk ${event.riskLevel}, ${event.activityType}, says ${event.model}${again}`;
    case 'vlm_skipped':
    case 'clip_parked':
    case 'clip_failed':
    case 'clip_deleted':
      return event.reason;
    case 'clip_rechecked':
      return `${event.reason} ${event.runId}: ${seenBy(event.recheckFilter)}`;
    case 'alert_decision_made':
      return `${event.shouldNotify ? 'alert' : 'no alert'}: ${event.reason}`;
    case 'alert_suppressed':
      return `held back by ${event.reason} until ${new Date(event.until).toLocaleString('sv-SE')}: ${event.alertReason}`;
    case 'notification_sent':
      return `${event.notifierName}, revision ${event.revision}${again}`;
    case 'stage_retried':
      return event.stage;
    case 'clip_acknowledged':
      return `by ${event.by}`;
    case 'clip_restarted':
      return event.reset === true ? 'reset to an earlier point' : `generation ${event.generation}`;
    case 'alert_summarized':
      return 'told in the summary of the backlog';
    case 'upload_started':
    case 'filter_started':
    case 'vlm_started':
      return again.trim();
    case 'clip_done':
      return '';
    default:
      return assertNever(event);
  }
}

const seenBy = ({
  detectedClasses,
  sampledFrames,
  model,
}: Pick<FilterResult, 'detectedClasses' | 'sampledFrames' | 'model'>): string =>
  `${detectedClasses.join(', ') || 'nothing'} seen in ${sampledFrames} ${sampledFrames === 1 ? 'frame' : 'frames'} by ${model}`;
