import type { SequenceAnalysis } from '../domain/analysis.ts';
import { type AlertWords, onOneLine } from '../kit/alert-words.ts';
import { cleanText } from '../kit/clean-text.ts';
import type { OutgoingClipAlert } from '../plugins/spec/notifier.ts';
import type { PlaceholderValues } from './template.ts';

const MAX_ANALYSIS_CHARS = 8000;

/** What stands for each placeholder in plain text. What is not known is empty, or the word `unknown`. */
export function placeholderValues(alert: OutgoingClipAlert, words: AlertWords): PlaceholderValues {
  return {
    title: words.title,
    camera_name: onOneLine(alert.cameraName),
    time: words.time,
    risk_level: alert.riskLevel ?? 'unknown',
    activity_type: onOneLine(alert.activityType ?? 'unknown'),
    detected_classes: onOneLine(alert.detectedClasses.join(', ')),
    summary: words.summary ?? '',
    analysis: alert.analysis === undefined ? '' : cleanText(analysisLines(alert.analysis).join('\n'), MAX_ANALYSIS_CHARS),
    notes: words.notes.join(' '),
    notify_reason: onOneLine(alert.notifyReason),
    view_url: words.link ?? '',
    storage_uri: onOneLine(alert.storageUri ?? '', 1000),
    clip_id: alert.clipId,
    duration_s: String(Math.round(alert.durationMs / 1000)),
    ts: alert.at,
    revision: String(alert.revision),
    unverified: String(alert.unverified),
    upload_failed: String(alert.uploadFailed),
    vlm_failed: String(alert.vlmFailed),
    delayed: String(alert.delayed),
  };
}

function analysisLines({ observations, entitiesTimeline }: SequenceAnalysis): string[] {
  const entities = entitiesTimeline.map(
    ({ type, firstSeenTimestamp, lastSeenTimestamp, description, movement, location, interaction }) =>
      `${firstSeenTimestamp} to ${lastSeenTimestamp}, ${type}: ${[description, movement, location, interaction].filter(Boolean).join('; ')}`,
  );
  return [...entities, ...observations].map((line) => `- ${onOneLine(line, 500)}`);
}
