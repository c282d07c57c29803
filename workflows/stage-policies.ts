import { ActivityCancellationType, type ActivityOptions } from '@temporalio/workflow';
import { backfillPriority } from '../src/domain/backfill.ts';
import { type ClipPlan, GPU_QUEUE, hostQueue, PIPELINE_QUEUE, VLM_QUEUE } from '../src/domain/process-clip.ts';

/** Live clips go before everything that can wait. */
const LIVE = { priorityKey: 2 };

/**
 * Every timeout, heartbeat and retry policy of a clip. Which errors are worth a retry is the error code's own business
 * (`STAGE_ERROR_CODES`); this table says how often, how long, and on which queue.
 */
export const STAGE_POLICIES = {
  /** For ever, and without a limit on waiting for its host: that box may be off for a week. */
  upload: (hostId: string) =>
    ({
      taskQueue: hostQueue(hostId),
      startToCloseTimeout: '6h',
      heartbeatTimeout: '30s',
      retry: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: '5m' },
      priority: LIVE,
    }) satisfies ActivityOptions,

  filter: (plan: ClipPlan) =>
    ({
      taskQueue: GPU_QUEUE,
      scheduleToStartTimeout: '24h',
      startToCloseTimeout: '15m',
      heartbeatTimeout: '20s',
      retry: limited(plan, 60_000),
      priority: LIVE,
    }) satisfies ActivityOptions,

  vlm: (plan: ClipPlan) =>
    ({
      taskQueue: VLM_QUEUE,
      scheduleToStartTimeout: '24h',
      startToCloseTimeout: '15m',
      heartbeatTimeout: '30s',
      retry: limited(plan, 600_000),
      priority: LIVE,
    }) satisfies ActivityOptions,

  /** Pure and quick; a policy that throws is a defect, and the alert then goes out without its opinion. */
  decide: { startToCloseTimeout: '10s', retry: { maximumAttempts: 3 } },

  /** The alert waits for it, so not for long. */
  askDesk: {
    taskQueue: PIPELINE_QUEUE,
    scheduleToCloseTimeout: '3s',
    retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumAttempts: 2 },
    priority: LIVE,
  } satisfies ActivityOptions,

  /** An attempt may wait 5 s for its turn, 5 s for a picture, and 25 s for the channel, as their limits are. */
  notify: {
    taskQueue: PIPELINE_QUEUE,
    scheduleToCloseTimeout: '24h',
    startToCloseTimeout: '40s',
    retry: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: '5m' },
    priority: LIVE,
  } satisfies ActivityOptions,

  /** As for a clip; a camera's news is worth no more patience, for the next says more. */
  notifyCamera: {
    taskQueue: PIPELINE_QUEUE,
    scheduleToCloseTimeout: '24h',
    startToCloseTimeout: '40s',
    retry: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: '1m' },
    priority: LIVE,
  } satisfies ActivityOptions,

  /** For ever: Temporal itself is the other side. */
  summarize: {
    taskQueue: PIPELINE_QUEUE,
    startToCloseTimeout: '30s',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
  } satisfies ActivityOptions,

  /** The alert waits for it, so not for long. */
  recall: {
    taskQueue: PIPELINE_QUEUE,
    scheduleToCloseTimeout: '20s',
    startToCloseTimeout: '10s',
    retry: { initialInterval: '500ms', backoffCoefficient: 2 },
    priority: LIVE,
  } satisfies ActivityOptions,

  /** For ever: Postgres may be away for as long as it likes. */
  record: {
    taskQueue: PIPELINE_QUEUE,
    startToCloseTimeout: '1m',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
  } satisfies ActivityOptions,

  /** The next turn comes anyway; a table that somebody locks, or a full disk, may pass before. */
  backup: {
    taskQueue: PIPELINE_QUEUE,
    startToCloseTimeout: '6h',
    heartbeatTimeout: '30s',
    retry: { initialInterval: '1m', backoffCoefficient: 2, maximumInterval: '15m', maximumAttempts: 6 },
    priority: { priorityKey: 4 },
  } satisfies ActivityOptions,

  release: (hostId: string) =>
    ({
      taskQueue: hostQueue(hostId),
      startToCloseTimeout: '1m',
      retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '5m' },
    }) satisfies ActivityOptions,
} as const;

/** The server refuses a longest wait that is shorter than the first. */
const limited = (plan: Pick<ClipPlan, 'backoffMs' | 'maxAttempts'>, longestWaitMs: number) => ({
  initialInterval: plan.backoffMs,
  backoffCoefficient: 2,
  maximumInterval: Math.max(longestWaitMs, plan.backoffMs),
  maximumAttempts: plan.maxAttempts,
});

/** The same for the stages of a backfill. Nobody waits for it, so that no wait for a worker is too long, nor one at a worker for new clips. */
export const BACKFILL_POLICIES = {
  stage: (queue: typeof GPU_QUEUE | typeof VLM_QUEUE, batch: string, plan: Pick<ClipPlan, 'backoffMs' | 'maxAttempts'>) =>
    ({
      taskQueue: queue,
      startToCloseTimeout: '24h',
      heartbeatTimeout: '30s',
      retry: limited(plan, 600_000),
      priority: backfillPriority(batch),
    }) satisfies ActivityOptions,

  /** Called off, it still says whether a channel took the alert: nobody is told twice. */
  notify: (batch: string) =>
    ({
      ...STAGE_POLICIES.notify,
      cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
      priority: backfillPriority(batch),
    }) satisfies ActivityOptions,

  /** For ever: Postgres may be away for as long as it likes. Counting a year of clips takes a moment. */
  database: (batch: string) => ({ ...STAGE_POLICIES.record, priority: backfillPriority(batch) }) satisfies ActivityOptions,
};

/** Once a turn; the next one makes up for what fails. */
export const RECONCILE_POLICIES = {
  record: { taskQueue: PIPELINE_QUEUE, startToCloseTimeout: '5m', scheduleToCloseTimeout: '9m' } satisfies ActivityOptions,
  setAside: (hostId: string) =>
    ({
      taskQueue: hostQueue(hostId),
      startToCloseTimeout: '20s',
      scheduleToCloseTimeout: '1m',
    }) satisfies ActivityOptions,
};
