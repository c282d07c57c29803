import type { Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { Attempted } from '../domain/activities.ts';
import type { ClipAlert, ToldAs } from '../domain/alert.ts';
import type { ClipMemory, RecallRuns } from '../domain/clip-memory.ts';
import type { ClipEvent } from '../domain/events.ts';
import type { ProcessClipInput } from '../domain/process-clip.ts';

type Payloads = Parameters<typeof decodeArrayFromPayloads>[1];
type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;

/** An activity that a run has asked for. */
interface AskedActivity {
  readonly name: string;
  readonly input: unknown;
  /** What it answered, where it has succeeded. */
  readonly result?: unknown;
}

/** One run over a clip, as Temporal remembers it: for 30 days after its end. */
export interface ClipRunRecord {
  /** The same for a run and all that a reset made of it. */
  readonly originalRunId: string;
  /** Undefined: a person started it with something else. */
  readonly input: ProcessClipInput | undefined;
  readonly activities: readonly AskedActivity[];
  /** What the person said who terminated it. */
  readonly terminatedFor?: string;
}

/** Reads it out of the histories of those runs. */
export const createRecallRuns =
  (client: () => Promise<Client | undefined>): RecallRuns =>
  async ({ workflowId, runId, originalRunId }) => {
    const found = await client();
    if (found === undefined) throw new Error('nobody knows yet where Temporal is');
    const runs = await found.withDeadline(Date.now() + ANSWER_WITHIN_MS, () => readOtherRuns(found, workflowId, runId));
    return memoryOf(runs, originalRunId);
  };

/** As long as an attempt at `recallClip` may take. */
const ANSWER_WITHIN_MS = 10_000;

async function readOtherRuns(client: Client, workflowId: string, runId: string): Promise<ClipRunRecord[]> {
  const runs: ClipRunRecord[] = [];
  for await (const run of client.workflow.list({ query: `WorkflowId = "${workflowId}"` })) {
    if (run.runId !== runId) runs.push(await readRun(client, workflowId, run.runId));
  }
  return runs;
}

export async function readRun(client: Client, workflowId: string, runId: string): Promise<ClipRunRecord> {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const terminatedFor = events?.at(-1)?.workflowExecutionTerminatedEventAttributes?.reason;
  const started = events?.[0]?.workflowExecutionStartedEventAttributes;
  return {
    originalRunId: started?.originalExecutionRunId ?? runId,
    input: inputIn(await firstOf(client, started?.input)),
    activities: await activitiesOf(client, events),
    ...(typeof terminatedFor === 'string' && terminatedFor !== '' ? { terminatedFor } : {}),
  };
}

/** What has a clip and a generation is what `startClip` has written, or a person has repeated from there. */
function inputIn(given: unknown): ProcessClipInput | undefined {
  const { clip, generation } = (given ?? {}) as Partial<ProcessClipInput>;
  return clip === undefined || generation === undefined ? undefined : (given as ProcessClipInput);
}

async function activitiesOf(client: Client, events: History['events']): Promise<AskedActivity[]> {
  const results = new Map(
    events?.map(({ activityTaskCompletedEventAttributes: done }) => [String(done?.scheduledEventId), done?.result]),
  );
  const asked: AskedActivity[] = [];
  for (const { eventId, activityTaskScheduledEventAttributes: scheduled } of events ?? []) {
    const name = scheduled?.activityType?.name;
    if (name === undefined || name === null || !TOLD_BY.includes(name)) continue;
    const [input, isDone] = [await firstOf(client, scheduled?.input), results.has(String(eventId))];
    asked.push({ name, input, ...(isDone ? { result: await firstOf(client, results.get(String(eventId))) } : {}) });
  }
  return asked;
}

/** The activities that say what a run has told, or knew of runs that may be forgotten by now. */
const TOLD_BY: readonly string[] = ['sendNotification', 'recordEvents', 'addToBacklog', 'recallClip'];

async function firstOf(client: Client, given: { readonly payloads?: Payloads } | null | undefined): Promise<unknown> {
  const [first] = await decodeArrayFromPayloads(client.options.loadedDataConverter, given?.payloads);
  return first;
}

/** The events that a run has asked to be written, written or not. What it gathered meanwhile, only its query `unwritten` tells. */
export const eventsOf = ({ activities }: ClipRunRecord): ClipEvent[] =>
  activities
    .filter(({ name }) => name === 'recordEvents')
    .flatMap(({ input }) => (input as { readonly events: readonly ClipEvent[] }).events);

/** @param originalRunId of the run that asks. */
function memoryOf(runs: readonly ClipRunRecord[], originalRunId: string): ClipMemory {
  const done = runs.flatMap(({ activities }) => activities).filter((activity) => 'result' in activity);
  const delivered: Record<string, ClipAlert> = {};
  const note = (channel: string, alert: ClipAlert): void => {
    if (alert.revision >= (delivered[channel]?.revision ?? 0)) delivered[channel] = alert;
  };
  const recalled = done.filter(({ name }) => name === 'recallClip').map(({ result }) => result as ClipMemory);
  for (const memory of recalled) for (const [channel, alert] of Object.entries(memory.delivered)) note(channel, alert);
  for (const { name, input, result } of done) {
    if (name !== 'sendNotification') continue;
    const { channel, alert } = input as { readonly channel: string; readonly alert: ClipAlert };
    // An alert of a visit gets its key and revision only when it goes out.
    const { dedupeKey, revision } = (result as Attempted<ToldAs | undefined>).value ?? alert;
    note(channel, { ...alert, dedupeKey, revision });
  }
  const summarized = done.some(({ name }) => name === 'addToBacklog') || recalled.some((memory) => memory.summarized);
  return { generation: generationBefore(runs, originalRunId), delivered, summarized };
}

/** What a reset goes on from has told which generation it is, whatever came after it, or is forgotten of what came before. */
function generationBefore(runs: readonly ClipRunRecord[], originalRunId: string): number {
  const own = runs.filter((run) => run.originalRunId === originalRunId).flatMap(eventsOf);
  if (own.length > 0) return Math.max(...own.map(({ generation }) => generation)) - 1;
  return Math.max(
    0,
    ...runs.flatMap((run) => [run.input?.generation ?? 0, ...eventsOf(run).map(({ generation }) => generation)]),
  );
}
