import { describe, expect, it } from 'vitest';
import type { ClipAlert } from '../../../src/domain/alert.ts';
import { isSameNews } from '../../../src/domain/clip-memory.ts';
import { createStory } from '../../support/clip-story.ts';

const HAD: ClipAlert = {
  dedupeKey: 'clip',
  revision: 2,
  clipId: createStory().clipId,
  cameraName: 'Front Door',
  at: '2026-11-26T04:00:00.000Z',
  recordedStartAt: '2026-11-26T03:59:00.000Z',
  durationMs: 2000,
  notifyReason: 'risk_level=high',
  detectedClasses: ['person'],
  storageUri: 'local:clip.mp4',
  storageKey: 'clip.mp4',
  summary: 'Someone tries the door.',
  unverified: false,
  uploadFailed: false,
  vlmFailed: false,
  delayed: false,
};
const { dedupeKey, revision, ...others } = HAD;
const REORDERED: ClipAlert = { ...others, revision, dedupeKey };
const { storageUri: _uri, storageKey: _key, ...NOT_STORED_YET } = HAD;

describe('an alert of another run', () => {
  it.each([
    ['in other words of time and number', { ...HAD, revision: 3, at: '2026-11-26T05:00:00.000Z', delayed: true }],
    ['in the name of its visit', { ...HAD, dedupeKey: 'visit-clip' }],
    ['while its upload is not through this time', { ...NOT_STORED_YET, revision: 3 }],
    ['with its fields in another order', REORDERED],
  ])('is no news %s', (_how, next) => {
    // Given what a channel has had, When it would get this, Then it learns nothing
    expect(isSameNews(HAD, next)).toBe(true);
  });

  it.each([
    ['the model says something else', { ...HAD, summary: 'The postman.' }],
    ['it is not verified any more', { ...HAD, unverified: true }],
    ['it is stored elsewhere', { ...HAD, storageUri: 's3:clip.mp4' }],
  ])('is news when %s', (_what, next) => {
    // Given what a channel has had, When it would get this, Then it learns something
    expect(isSameNews(HAD, next)).toBe(false);
  });

  it('is news when it is stored at last', () => {
    // Given a channel that had an alert without a place, When it is stored, Then that is news
    expect(isSameNews(NOT_STORED_YET, HAD)).toBe(false);
  });
});
