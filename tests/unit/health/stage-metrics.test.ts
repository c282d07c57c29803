import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createStageMetrics } from '../../../src/health/stage-metrics.ts';

const failure = (code: 'NOTIFY_UNREACHABLE' | 'NOTIFY_BUSY' | 'THROWN' | 'CANCELLED') => ({
  code,
  message: `${code}: no answer from the broker`,
});
const sent = { activity: 'sendNotification', seconds: 0.2 };

it('a channel is failing from its first failure until it takes an alert again', () => {
  // Given
  const metrics = createStageMetrics(new Registry());
  // When
  metrics.ended({ ...sent, channel: 'phone' });
  metrics.ended({ ...sent, channel: 'phone', failure: failure('NOTIFY_UNREACHABLE') });
  metrics.ended({ ...sent, channel: 'mail', failure: failure('THROWN') });
  const failing = metrics.failingChannels();
  metrics.ended({ ...sent, channel: 'phone' });
  metrics.ended({ ...sent, channel: 'mail', failure: failure('CANCELLED') });
  metrics.ended({ ...sent, channel: 'phone', failure: failure('NOTIFY_BUSY') });
  // Then
  expect(failing.map(({ what, state }) => `${what} ${state}`)).toEqual(['channel phone attention', 'channel mail attention']);
  expect(failing[0]).toMatchObject({
    message: 'NOTIFY_UNREACHABLE: no answer from the broker',
    fix: expect.stringContaining('broker'),
  });
  expect(metrics.failingChannels().map(({ what }) => what)).toEqual(['channel mail']);
});

it('outcomes are counted by activity, channel and code', async () => {
  // Given
  const registry = new Registry();
  const metrics = createStageMetrics(registry);
  // When
  metrics.ended({ activity: 'uploadClip', seconds: 3, sizeBytes: 1_000, failure: { code: 'STORAGE_FULL', message: 'no room' } });
  metrics.ended({ activity: 'uploadClip', seconds: 3, sizeBytes: 1_000 });
  metrics.ended({ ...sent, channel: 'phone', failure: failure('NOTIFY_UNREACHABLE') });
  // Then
  const text = await registry.metrics();
  expect(text).toContain('homesec_activity_attempts_total{activity="uploadClip",outcome="STORAGE_FULL"} 1\n');
  expect(text).toContain('homesec_activity_attempts_total{activity="uploadClip",outcome="ok"} 1\n');
  expect(text).toContain('homesec_activity_seconds_sum{activity="uploadClip"} 3\n');
  expect(text).toContain('homesec_uploaded_bytes_total 1000\n');
  expect(text).toContain('homesec_notifications_total{channel="phone",outcome="NOTIFY_UNREACHABLE"} 1\n');
});
