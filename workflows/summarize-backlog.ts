import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';
import type { ActivityProxies } from '../src/domain/activities.ts';
import type { ClipAlert } from '../src/domain/alert.ts';
import { BACKLOG_SIGNAL, type BacklogEntry, type SummarizeBacklogInput } from '../src/domain/backlog.ts';
import { STAGE_POLICIES } from './stage-policies.ts';

const addToBacklog = defineSignal<[BacklogEntry]>(BACKLOG_SIGNAL);

/**
 * After an outage many clips of a camera come at once, and their alerts cannot be verified in time. This collects them for
 * a moment and sends one alert for all. What is verified later still alerts for itself.
 */
export async function summarizeBacklog({ cameraName, channels, quietMs, limitMs }: SummarizeBacklogInput): Promise<void> {
  const entries: BacklogEntry[] = [];
  setHandler(addToBacklog, (entry) => void entries.push(entry));
  const endAt = Date.now() + limitMs;
  let told = 0;
  do {
    told = entries.length;
  } while (Date.now() < endAt && (await condition(() => entries.length > told, Math.min(quietMs, endAt - Date.now()))));
  const { sendNotification } = proxyActivities<ActivityProxies>(STAGE_POLICIES.notify);
  const alert = summaryOf(cameraName, entries);
  if (alert === undefined) return;
  // Each channel on its own: one that is broken for good costs the others nothing, and shows red in this workflow.
  const sent = await Promise.allSettled(channels.map((channel) => sendNotification({ channel, alert })));
  for (const delivery of sent) if (delivery.status === 'rejected') throw delivery.reason;
}

function summaryOf(cameraName: string, entries: readonly BacklogEntry[]): ClipAlert | undefined {
  const sorted = entries.toSorted((a, b) => (a.recordedStartAt < b.recordedStartAt ? -1 : 1));
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const durationMs = Date.parse(last.recordedStartAt) + last.durationMs - Date.parse(first.recordedStartAt);
  const clips = sorted.length === 1 ? '1 clip' : `${sorted.length} clips`;
  return {
    kind: 'clip',
    dedupeKey: `backlog-${first.clipId}`,
    revision: 1,
    clipId: first.clipId,
    cameraName,
    at: new Date().toISOString(),
    recordedStartAt: first.recordedStartAt,
    durationMs,
    notifyReason: 'backlog_unverified',
    detectedClasses: [],
    summary: `${clips} recorded from ${first.recordedStartAt} to ${last.recordedStartAt} could not be verified in time.`,
    unverified: true,
    uploadFailed: false,
    vlmFailed: false,
    delayed: true,
  };
}
