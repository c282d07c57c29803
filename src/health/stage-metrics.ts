import { Counter, Histogram, type Registry } from 'prom-client';
import { remedyOf, STAGE_ERROR_CODES, type StageErrorCode } from '../domain/stage-error.ts';
import { attention } from '../kit/findings.ts';
import type { Finding } from '../plugins/spec/finding.ts';

/** How one attempt of one activity ended. */
export interface StageOutcome {
  /** As the activity is called: `uploadClip`. */
  readonly activity: string;
  readonly seconds: number;
  /** Left out: it succeeded. `CANCELLED`, and `THROWN` for what is no error of a stage. */
  readonly failure?: { readonly code: StageErrorCode | 'CANCELLED' | 'THROWN'; readonly message: string };
  /** Of a notification. */
  readonly channel?: string;
  /** Of an upload. */
  readonly sizeBytes?: number;
}

export interface StageMetrics {
  ended(outcome: StageOutcome): void;
  /** Channels whose last notification failed. */
  failingChannels(): Finding[];
}

const BUCKETS_S = [0.05, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800];

export function createStageMetrics(registry: Registry): StageMetrics {
  const registers = [registry];
  const labelNames = ['activity', 'outcome'];
  const attempts = new Counter({
    name: 'homesec_activity_attempts_total',
    help: 'By outcome: ok, or the code of the error',
    labelNames,
    registers,
  });
  const seconds = new Histogram({
    name: 'homesec_activity_seconds',
    help: 'Of attempts that succeeded',
    labelNames: ['activity'],
    buckets: BUCKETS_S,
    registers,
  });
  const notifications = new Counter({
    name: 'homesec_notifications_total',
    help: 'Alerts to a channel, by outcome',
    labelNames: ['channel', 'outcome'],
    registers,
  });
  const uploaded = new Counter({ name: 'homesec_uploaded_bytes_total', help: 'Of clips whose upload is verified', registers });
  const failing = new Map<string, Finding>();
  return {
    ended: ({ activity, failure, channel, sizeBytes = 0, ...took }) => {
      const outcome = failure?.code ?? 'ok';
      attempts.inc({ activity, outcome });
      if (failure === undefined) seconds.observe({ activity }, took.seconds);
      if (activity === 'uploadClip' && failure === undefined) uploaded.inc(sizeBytes);
      // Nothing was asked of the channel.
      if (channel === undefined || outcome === 'CANCELLED' || outcome === 'NOTIFY_BUSY') return;
      notifications.inc({ channel, outcome });
      if (failure === undefined) failing.delete(channel);
      else failing.set(channel, failingChannel(channel, failure.code, failure.message));
    },
    failingChannels: () => [...failing.values()],
  };
}

function failingChannel(channel: string, code: string, message: string): Finding {
  const isKnown = code in STAGE_ERROR_CODES;
  return attention(`channel ${channel}`, message, isKnown ? remedyOf(code as StageErrorCode) : 'See the log of this worker.');
}
