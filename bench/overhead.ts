import { loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { type BenchHousehold, openBenchHousehold } from './bench-household.ts';
import { costsBelow, type ProcessCosts } from './process-costs.ts';

/** What a clip costs when every plugin answers at once. */
export interface OverheadBench {
  /** One clip after another. */
  readonly serial: {
    readonly clips: number;
    readonly p50Ms: number;
    readonly p95Ms: number;
    /** Medians of when each thing happened after the file was handed over, in that order. */
    readonly timeline: readonly { readonly what: string; readonly atMs: number }[];
  };
  readonly burst: {
    readonly clips: number;
    readonly clipsPerSecond: number;
    /** By group of processes, for each clip. */
    readonly cpuMsPerClip: Readonly<Record<string, number>>;
  };
  /** Clips that do not stand in Postgres exactly as they should: done, stored, judged, announced, each event once. */
  readonly wrong: number;
  readonly peakMemoryMiB: Readonly<Record<string, number>>;
  /** Load average of the last minute at the end: on a machine that others use, figures are too high. */
  readonly load: number;
}

export interface OverheadOptions {
  readonly serialClips?: number;
  readonly burstClips?: number;
}

const WARM_UP_CLIPS = 10;
const MEMORY_EVERY_MS = 500;

/**
 * Measures the whole durable path of `homesec run` with its real processes, servers and settings: a recorder moves a finished
 * file to its source -> sealed with fsync -> handed over -> workflow with upload, filter, model, policy and one channel ->
 * committed in Postgres as `done`. Time counts from before that move to the commit, as Postgres tells it.
 * Not in it: ffprobe (a recorder that has written a file knows its duration) and what real plugins do.
 */
export async function benchOverhead({ serialClips = 50, burstClips = 300 }: OverheadOptions = {}): Promise<OverheadBench> {
  await using house = await openBenchHousehold();
  const memory = watchMemory(house.pid);
  let clips = 0;
  const record = async (count: number): Promise<void> => {
    clips += count;
    for (let clip = 0; clip < count; clip += 1) await house.record();
  };

  for (let clip = 0; clip < WARM_UP_CLIPS; clip += 1) await record(1).then(() => house.done(clips));

  const startsAt: number[] = [];
  const tookMs: number[] = [];
  for (let clip = 0; clip < serialClips; clip += 1) {
    startsAt.push(Date.now());
    const startedAt = performance.now();
    await record(1);
    await house.done(clips);
    tookMs.push(performance.now() - startedAt);
  }
  const timeline = await timelineOf(house, startsAt);

  const before = costsBelow(house.pid, groupOf);
  const startedAt = performance.now();
  await record(burstClips);
  await house.done(clips);
  const burstMs = performance.now() - startedAt;
  // Workflows end and markers are released a moment after the rows say `done`.
  await delay(1_000);
  const after = costsBelow(house.pid, groupOf);

  return {
    serial: { clips: serialClips, p50Ms: percentile(tookMs, 0.5), p95Ms: percentile(tookMs, 0.95), timeline },
    burst: {
      clips: burstClips,
      clipsPerSecond: (burstClips * 1000) / burstMs,
      cpuMsPerClip: mapValues(after, ({ cpuMs }, group) => (cpuMs - (before.get(group)?.cpuMs ?? 0)) / burstClips),
    },
    wrong: clips - (await countRight(house)),
    peakMemoryMiB: Object.fromEntries(memory.stop()),
    load: loadavg()[0] ?? 0,
  };
}

function groupOf(command: string): string | undefined {
  const [, role] = /main\.ts (run|worker \w+)/.exec(command) ?? [];
  if (role !== undefined) return role === 'run' ? 'record' : role;
  if (command.includes('start-dev')) return 'temporal';
  return command.includes('postgres') ? 'postgres' : undefined;
}

function watchMemory(pid: number): { readonly stop: () => Map<string, number> } {
  const peaks = new Map<string, number>();
  const look = (): void => {
    for (const [group, { memoryMiB }] of costsBelow(pid, groupOf)) peaks.set(group, Math.max(peaks.get(group) ?? 0, memoryMiB));
  };
  const timer = setInterval(look, MEMORY_EVERY_MS);
  return {
    stop: () => {
      clearInterval(timer);
      look();
      return peaks;
    },
  };
}

interface EventTime {
  readonly clip_id: string;
  readonly what: string;
  readonly at: Date;
}

/** The clips' own events, as the workflow stamped them, against the moments at which their files were handed over. */
async function timelineOf({ database }: BenchHousehold, startsAt: readonly number[]) {
  const { rows } = await database.query<EventTime>(
    `with latest as (select clip_id, recorded_at, data from clip_states order by recorded_at desc limit $1)
     select clip_id, 'sealed' as what, (data->>'sealed_at')::timestamptz as at from latest
     union all select clip_id, event_type, "timestamp" from clip_events where clip_id in (select clip_id from latest)
     union all select clip_id, 'written to Postgres', max(received_at) from clip_events
       where clip_id in (select clip_id from latest) group by clip_id`,
    [startsAt.length],
  );
  const ids = [...new Set(rows.map((row) => row.clip_id))].toSorted();
  const byWhat = Map.groupBy(rows, (row) => row.what);
  const timeline = [...byWhat].map(([what, times]) => {
    const atMs = times.map(({ clip_id, at }) => at.getTime() - (startsAt[ids.indexOf(clip_id)] ?? 0));
    return { what, atMs: percentile(atMs, 0.5) };
  });
  return timeline.toSorted((a, b) => a.atMs - b.atMs);
}

/** One of each, for a clip in which nothing fails. */
const STORY = [
  'clip_recorded',
  'upload_started',
  'upload_completed',
  'filter_started',
  'filter_completed',
  'vlm_started',
  'vlm_completed',
  'alert_decision_made',
  'clip_done',
];

/** An upload that ends after the alert went out sends one update of it, so there may be two notifications. */
async function countRight({ database }: BenchHousehold): Promise<number> {
  const { rows } = await database.query<{ right: string }>(
    `select count(*) as right from clip_states where status = 'done' and alerted and detected and risk_level = 'high'
       and data->>'storage_uri' is not null and data->'deliveries'->0->>'status' = 'sent'
       and (select array_agg(event_type order by event_type) from clip_events
            where clip_events.clip_id = clip_states.clip_id and event_type <> 'notification_sent') = $1
       and (select count(*) between 1 and 2 from clip_events
            where clip_events.clip_id = clip_states.clip_id and event_type = 'notification_sent')`,
    [STORY.toSorted()],
  );
  return Number(rows[0]?.right);
}

const percentile = (values: readonly number[], part: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? 0;

const mapValues = (
  map: ReadonlyMap<string, ProcessCosts>,
  compute: (costs: ProcessCosts, group: string) => number,
): Record<string, number> => Object.fromEntries([...map].map(([group, costs]) => [group, compute(costs, group)]));
