import type { CameraAlert } from '../domain/alert.ts';
import { assertNever } from '../domain/assert-never.ts';
import { toSnakeCase } from '../domain/snake-case.ts';
import type { OutgoingAlert, OutgoingClipAlert } from '../plugins/spec/notifier.ts';

/**
 * An alert as every machine that receives one knows it. The same alert gives the same JSON, so a repeat can be told by its
 * bytes, as by `dedupe_key` and `revision`.
 */
export function alertJson(alert: OutgoingAlert): object {
  switch (alert.kind) {
    case 'clip':
    case undefined:
      return clipFields(alert);
    case 'camera_offline':
    case 'camera_online':
      return cameraFields(alert);
    default:
      return assertNever(alert);
  }
}

/** First the fields that consumers of HomeSec's alerts have always known, with null for what is not known; then further ones. */
function clipFields(alert: OutgoingClipAlert): object {
  return {
    clip_id: alert.clipId,
    camera_name: alert.cameraName,
    storage_uri: alert.storageUri ?? null,
    view_url: alert.viewUrl ?? null,
    risk_level: alert.riskLevel ?? null,
    activity_type: alert.activityType ?? null,
    notify_reason: alert.notifyReason,
    summary: alert.summary ?? null,
    analysis: alert.analysis === undefined ? null : toSnakeCase(alert.analysis),
    ts: alert.at,
    dedupe_key: alert.dedupeKey,
    upload_failed: alert.uploadFailed,
    vlm_failed: alert.vlmFailed,
    revision: alert.revision,
    recorded_start_at: alert.recordedStartAt,
    duration_ms: alert.durationMs,
    detected_classes: alert.detectedClasses,
    unverified: alert.unverified,
    delayed: alert.delayed,
    ...(alert.clipCount === undefined ? {} : { clip_count: alert.clipCount }),
  };
}

function cameraFields(alert: CameraAlert): object {
  return {
    kind: alert.kind,
    camera_name: alert.cameraName,
    ts: alert.at,
    since: alert.since,
    offline_since: alert.offlineSince ?? null,
    reason: alert.reason ?? null,
    dedupe_key: alert.dedupeKey,
    revision: alert.revision,
  };
}
