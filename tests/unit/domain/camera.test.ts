import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { CameraEvent, NewCameraEvent } from '../../../src/domain/camera-events.ts';
import { foldCamera } from '../../../src/domain/camera-state.ts';
import { CAMERA_REPORTED_SIGNAL, CAMERA_WATCH, cameraWorkflowIdOf } from '../../../src/domain/camera-watch.ts';
import { shuffled } from '../../support/clip-story.ts';

const hostId = '5f0c5f9e-6c1d-4f0f-9f44-1d1f0c0a0b0c';
const at = (sequence: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, sequence)).toISOString();
const stamped = (events: readonly NewCameraEvent[]): CameraEvent[] =>
  events.map((event, sequence) => ({
    ...event,
    ...{ id: randomUUID(), hostId, cameraName: 'Front door', sequence, timestamp: at(sequence) },
  }));
const failed = { attempt: 1, errorType: 'NotifyError', errorCode: 'NOTIFY_UNREACHABLE', errorMessage: 'away' } as const;
const STORY = stamped([
  { eventType: 'notification_sent', notifierName: 'phone', dedupeKey: 'k', revision: 1, attempt: 1, durationMs: 5 },
  { eventType: 'camera_online', since: at(1) },
  { eventType: 'camera_offline', since: at(2), reason: 'refused' },
  { eventType: 'notification_failed', notifierName: 'phone', revision: 1, ...failed, willRetry: true },
  { eventType: 'notification_failed', notifierName: 'mail', revision: 1, ...failed, willRetry: false },
  { eventType: 'notification_sent', notifierName: 'phone', dedupeKey: 'k', revision: 1, attempt: 2, durationMs: 5 },
]);

it('a camera is what its last change says, and whom that was told, whatever the order of events', () => {
  // Given events of a camera in many orders
  const orders = Array.from({ length: 20 }, (_none, seed) => shuffled(STORY, seed));
  // When
  const states = orders.map(foldCamera);
  // Then
  for (const state of states)
    expect(state).toEqual({
      ...{ schemaVersion: 1, hostId, cameraName: 'Front door', lastSequence: 5 },
      status: { online: false, since: at(2), reason: 'refused' },
      deliveries: [
        { notifierName: 'mail', status: 'failed', revision: 1, at: at(4) },
        { notifierName: 'phone', status: 'sent', revision: 1, at: at(5) },
      ],
    });
});

it('nothing is known of a camera before its first change', () => {
  // Given
  const events = STORY.slice(0, 1);
  // When
  const state = foldCamera(events);
  // Then
  expect(state).toBeUndefined();
});

it('a camera of a host has one watch, and no two cameras share one', () => {
  // Given cameras whose names make the same slug, and one without a well-formed name
  const names = ['Hof 1', 'Hof-1', '玄関', '裏口', '\ud800'];
  // When
  const ids = names.map((cameraName) => cameraWorkflowIdOf({ hostId, cameraName }));
  // Then
  expect(new Set(ids).size).toBe(names.length);
  expect(ids[0]).toBe(`camera-${hostId}-hof-1-Hof%201`);
});

it('names of workflow and signal stay, for running workflows know them', () => {
  // Given watches that run while the program is upgraded
  // When they are spoken to
  // Then it is by these names
  expect([CAMERA_WATCH, CAMERA_REPORTED_SIGNAL]).toEqual(['cameraWatch', 'cameraReported']);
});
