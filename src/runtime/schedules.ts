import { setTimeout as delay } from 'node:timers/promises';
import { BACKUP_POSTGRES, BACKUP_SCHEDULE_ID } from '../domain/backup.ts';
import { RECONCILE_CLIPS, RECONCILE_EVERY_MS, RECONCILE_SCHEDULE_ID } from '../domain/reconcile-clips.ts';
import { backoffMs } from '../kit/backoff.ts';
import { ensureSchedule, type RecurringWorkflow, removeSchedule } from '../temporal/schedules.ts';
import type { App } from './app.ts';
import type { HouseholdClient } from './household-client.ts';

const HOUR_MS = 3_600_000;
const BACKOFF = { initialMs: 1_000, maxMs: 60_000 };
/** After some minutes: no longer a server that only comes up. */
const TOLD_FAILURE = 9;

/** All that recurs, some of it by the configuration; undefined: no more. By the id of the schedule. */
const recurringOf = ({
  config: { backup },
}: Pick<App, 'config'>): Readonly<Record<string, Omit<RecurringWorkflow, 'scheduleId'> | undefined>> => ({
  [BACKUP_SCHEDULE_ID]: backup.enabled
    ? {
        workflowType: BACKUP_POSTGRES,
        args: [{ keepCount: backup.keep_count }],
        everyMs: backup.every_h * HOUR_MS,
        // Not at midnight, when much else is done.
        offsetMs: Math.min(2 * HOUR_MS, (backup.every_h * HOUR_MS) / 2),
        summary: 'backup of Postgres',
      }
    : undefined,
  [RECONCILE_SCHEDULE_ID]: {
    workflowType: RECONCILE_CLIPS,
    args: [],
    everyMs: RECONCILE_EVERY_MS,
    summary: 'ends of clips that were ended from outside',
  },
});

/** Makes Temporal's schedules be what the configuration says, for as long as that takes. Returns when they are, or the app stops. */
export async function ensureSchedules(
  app: Pick<App, 'config' | 'logger' | 'signal'>,
  client: Pick<HouseholdClient, 'get'>,
): Promise<void> {
  const ensuring = Object.entries(recurringOf(app)).map(async ([scheduleId, recurring]) => {
    for (let failures = 1; !app.signal.aborted; failures += 1) {
      const failure = await ensure(client, scheduleId, recurring);
      if (failure === undefined) break;
      const level = failures === TOLD_FAILURE ? 'warn' : 'debug';
      app.logger[level]({ schedule: scheduleId, error: failure }, 'cannot set up a schedule yet');
      await delay(backoffMs(BACKOFF, failures, Math.random), undefined, { signal: app.signal }).catch(() => undefined);
    }
  });
  await Promise.all(ensuring);
}

/** @returns why it could not be done. */
async function ensure(
  client: Pick<HouseholdClient, 'get'>,
  scheduleId: string,
  recurring: Omit<RecurringWorkflow, 'scheduleId'> | undefined,
): Promise<string | undefined> {
  const temporal = await client.get();
  if (temporal === undefined) return 'nobody knows yet where Temporal is';
  const done =
    recurring === undefined
      ? await removeSchedule(temporal, scheduleId)
      : await ensureSchedule(temporal, { scheduleId, ...recurring });
  return done.ok ? undefined : done.error.message;
}
