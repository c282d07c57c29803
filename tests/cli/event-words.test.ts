import { describe, expect, it } from 'vitest';
import { detailOf, tookOf } from '../../src/cli/event-words.ts';
import type { ClipEvent } from '../../src/domain/events.ts';
import { createClipId } from '../../src/domain/ids.ts';

const stamp = {
  id: '7b0c1f0e-7a53-4d0a-9a53-0d6c8d3c1c11',
  clipId: createClipId('2026-11-23T02:27:00.123Z', 'Front door', '1f3a5c7e9b2d'),
  sequence: 1,
  generation: 1,
  timestamp: '2026-11-23T02:27:30.000Z',
};

const told: readonly (readonly [string, string, ClipEvent])[] = [
  [
    '',
    'held back by cool_down until 2026-11-23 03:37:00: risk_level=high',
    {
      ...stamp,
      eventType: 'alert_suppressed',
      reason: 'cool_down',
      until: '2026-11-23T02:37:00.123Z',
      alertReason: 'risk_level=high',
    },
  ],
  [
    '',
    'backfill november: person seen in 12 frames by yolox_s',
    {
      ...stamp,
      eventType: 'clip_rechecked',
      reason: 'backfill',
      runId: 'november',
      recheckFilter: {
        detectedClasses: ['person'],
        confidence: 0.8,
        model: 'yolox_s',
        modelSha256: 'a'.repeat(64),
        sampledFrames: 12,
        detections: [],
      },
    },
  ],
  [
    '132 ms',
    'local:clips/a.mp4',
    { ...stamp, eventType: 'upload_completed', storageUri: 'local:clips/a.mp4', attempt: 1, durationMs: 132 },
  ],
  [
    '10.3 s',
    'phone, revision 2 (attempt 3)',
    {
      ...stamp,
      eventType: 'notification_sent',
      notifierName: 'phone',
      dedupeKey: 'k',
      revision: 2,
      attempt: 3,
      durationMs: 10_303,
    },
  ],
  [
    '',
    'VLM_REJECTED: no such model',
    {
      ...stamp,
      eventType: 'vlm_failed',
      attempt: 1,
      errorType: 'VLMError',
      errorCode: 'VLM_REJECTED',
      errorMessage: 'no such model',
      willRetry: false,
    },
  ],
  [
    '',
    'no alert: quiet',
    { ...stamp, eventType: 'alert_decision_made', shouldNotify: false, reason: 'quiet', unverified: false },
  ],
  ['', 'by Ada', { ...stamp, eventType: 'clip_acknowledged', by: 'Ada' }],
  ['', 'generation 2', { ...stamp, eventType: 'clip_restarted', generation: 2 }],
];

describe('the words for an event', () => {
  it.each(told)('say how long it took (%s) and its facts (%s)', (took, detail, event) => {
    // When
    const words = [tookOf(event), detailOf(event)];
    // Then
    expect(words).toEqual([took, detail]);
  });
});
