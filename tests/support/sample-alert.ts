import type { CameraAlert } from '../../src/domain/alert.ts';
import { createClipId } from '../../src/domain/ids.ts';
import type { OutgoingClipAlert } from '../../src/plugins/spec/notifier.ts';

const clipId = createClipId('2026-11-23T02:27:00.123Z', 'Front Door', '1f3a5c7e9b2d');

/** An alert with all that can be known of a clip. */
export const FULL_ALERT: OutgoingClipAlert = {
  dedupeKey: clipId,
  revision: 1,
  clipId,
  cameraName: 'Front Door',
  at: '2026-11-23T02:27:14.020Z',
  recordedStartAt: '2026-11-23T02:27:00.123Z',
  durationMs: 10_000,
  notifyReason: 'risk_level=high',
  detectedClasses: ['person', 'dog'],
  storageUri: 'local:clips/front_door/clip.mp4',
  viewUrl: 'https://homesec.example/clips/1',
  riskLevel: 'high',
  activityType: 'suspicious_behavior',
  summary: 'Jemand rüttelt an der Tür. 🚪 "Hallo?"',
  analysis: {
    sequenceDescription: 'Jemand rüttelt an der Tür.',
    maxRiskLevel: 'high',
    primaryActivity: 'suspicious_behavior',
    observations: ['hood up'],
    entitiesTimeline: [
      {
        type: 'person',
        firstSeenTimestamp: '00:00:01.50',
        lastSeenTimestamp: '00:00:08.00',
        description: 'adult in a dark hood',
        movement: 'left to right',
        location: 'porch',
        interaction: 'door handle',
      },
    ],
    requiresReview: true,
    frameCount: 12,
    videoStartTime: '00:00:00.00',
    videoEndTime: '00:00:10.00',
  },
  unverified: false,
  uploadFailed: false,
  vlmFailed: false,
  delayed: false,
};

/** An alert at its deadline, when nothing but the recording is known. */
export const BARE_ALERT: OutgoingClipAlert = {
  dedupeKey: clipId,
  revision: 1,
  clipId,
  cameraName: 'Front Door',
  at: '2026-11-23T02:28:00.000Z',
  recordedStartAt: '2026-11-23T02:27:00.123Z',
  durationMs: 10_000,
  notifyReason: 'unverified_filter_failed',
  detectedClasses: [],
  unverified: true,
  uploadFailed: true,
  vlmFailed: true,
  delayed: true,
};

/** A camera that is away. */
export const OFFLINE_ALERT: CameraAlert = {
  kind: 'camera_offline',
  dedupeKey: 'camera-1-front-door-2026-11-23T02:26:00.000Z',
  revision: 1,
  cameraName: 'Front Door',
  at: '2026-11-23T02:27:00.000Z',
  since: '2026-11-23T02:26:00.000Z',
  reason: 'connection refused',
};

/** The same camera, back again. */
export const ONLINE_ALERT: CameraAlert = {
  kind: 'camera_online',
  dedupeKey: OFFLINE_ALERT.dedupeKey,
  revision: 2,
  cameraName: 'Front Door',
  at: '2026-11-23T02:31:00.000Z',
  since: '2026-11-23T02:30:59.000Z',
  offlineSince: OFFLINE_ALERT.since,
};
