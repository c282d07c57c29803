import { describe, expect, it } from 'vitest';
import type { SourceStatus } from '../../../src/plugins/spec/source.ts';
import { createCameraStatuses } from '../../../src/runtime/camera-statuses.ts';

const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
const says = (state: SourceStatus['state'], more: Partial<SourceStatus> = {}) => ({
  isRecording: true,
  sources: { door: { state, problems: [], ...more } },
});
const linked = (isOnline: boolean, second: number, lastError?: string) => ({
  connection: {
    online: isOnline,
    since: at(second),
    reconnects: 1,
    notes: [],
    ...(lastError === undefined ? {} : { lastError }),
  },
});
const GONE = { isRecording: false, sources: {} };

describe('what reports say of a camera', () => {
  it('is what its connection says, where it keeps one', () => {
    // Given
    const statuses = createCameraStatuses(60_000);
    // When
    const told = [
      statuses.of('door', says('watching', linked(true, 1)), at(5)),
      statuses.of('door', says('reconnecting', { ...linked(false, 7, 'refused'), message: 'away' }), at(9)),
      statuses.of('door', says('recording', linked(true, 11)), at(12)),
    ];
    // Then
    expect(told).toEqual([
      { online: true, since: at(1) },
      { online: false, since: at(7), reason: 'refused' },
      { online: true, since: at(11) },
    ]);
  });

  it('holds since the first report of a kind, where it keeps none', () => {
    // Given a folder that is there, then away, then there again
    const statuses = createCameraStatuses(60_000);
    const reports = [
      says('watching'),
      says('watching'),
      says('offline', { message: 'ENOENT' }),
      says('offline'),
      says('watching'),
    ];
    // When
    const told = reports.map((report, second) => statuses.of('door', report, at(second)));
    // Then
    expect(told).toEqual([
      { online: true, since: at(0) },
      { online: true, since: at(0) },
      { online: false, since: at(2), reason: 'ENOENT' },
      { online: false, since: at(2) },
      { online: true, since: at(4) },
    ]);
  });

  it('is nothing while its source starts or has been stopped', () => {
    // Given
    const statuses = createCameraStatuses(60_000);
    // When
    const told = [says('starting', linked(false, 0)), says('stopped')].map((report) => statuses.of('door', report, at(1)));
    // Then
    expect(told).toEqual([undefined, undefined]);
  });

  it('is nothing while the recording process starts again, and a loss when it stays away', () => {
    // Given a camera that is online
    const statuses = createCameraStatuses(60_000);
    statuses.of('door', says('watching'), at(0));
    // When nobody records for a moment, somebody does, and then nobody for long
    const told = [
      statuses.of('door', GONE, at(2)),
      statuses.of('door', says('watching'), at(10)),
      ...[12, 71, 72, 90].map((second) => statuses.of('door', GONE, at(second))),
    ];
    // Then
    const away = { online: false, since: at(12), reason: 'no process records it' };
    expect(told).toEqual([undefined, { online: true, since: at(10) }, undefined, undefined, away, away]);
  });
});
