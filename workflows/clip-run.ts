import type { AlertDecision, ClipAlert } from '../src/domain/alert.ts';
import type { ClipStatus } from '../src/domain/clip-state.ts';
import type { ClipEvent, NewClipEvent } from '../src/domain/events.ts';
import type { Instant } from '../src/domain/instant.ts';
import { type KnownAnalysis, type KnownFilter, type KnownUpload, PENDING } from '../src/domain/known.ts';
import type { ProcessClipInput, ProcessClipState } from '../src/domain/process-clip.ts';
import type { NotifyError, Stage, StageError } from '../src/domain/stage-error.ts';
import type { EventLog } from './event-log.ts';

export type ClipLog = EventLog<NewClipEvent, ClipEvent>;

/** Where one channel stands with this clip's alert. */
export interface ChannelDelivery {
  /** Which version of the alert's content the channel has confirmed; 0 before the first. */
  confirmedContent: number;
  /** The last revision that went out over this channel; 0 before the first. */
  sentRevision: number;
  /** What another run had delivered last; the same again is no news. */
  had?: ClipAlert;
  error?: NotifyError;
}

/** How the last try at a stage, or at a channel, went. */
export interface Trial {
  readonly attempt: number;
  /** Not known of one that failed. */
  readonly durationMs?: number;
}

/** All that a clip's workflow knows; its stages write here, each its own part. */
export interface ClipRun {
  readonly input: ProcessClipInput;
  readonly events: ClipLog;
  /** Which run over the clip this is, as its events count them. */
  generation: number;
  status: ClipStatus;
  /** Has been parked, so that a person may have failed stages retried. */
  parked: boolean;
  /** When it will not wait for a person any longer. */
  parkedUntil?: Instant;
  upload: KnownUpload;
  filter: KnownFilter;
  analysis: KnownAnalysis;
  decision?: AlertDecision;
  /** The version of the alert's content that channels owe; 0 while there is no alert. */
  content: number;
  readonly deliveries: Map<string, ChannelDelivery>;
  /** By stage, and `notify <channel>`. */
  readonly trials: Map<string, Trial>;
  /** Told in the summary of its camera's backlog. */
  summarized: boolean;
  /** Its alert goes together with those of the other clips of its visit. */
  grouped: boolean;
  /** Whether its camera's alert desk knows that it has told nobody; missing before it was asked for the sake of a cool-down. */
  unheard?: boolean;
  /** Started, or reset, after its deadline had passed. */
  delayed: boolean;
  /** What other runs over the clip did is being asked for; no delivery begins before it is known. */
  recalling: boolean;
  acknowledgedBy?: string;
}

export function createClipRun(input: ProcessClipInput, events: ClipLog): ClipRun {
  const fresh = (channel: string) => ({ confirmedContent: 0, sentRevision: input.delivered?.[channel] ?? 0 });
  const deliveries = new Map(input.plan.channels.map((channel) => [channel, fresh(channel)]));
  const knowledge = { upload: PENDING, filter: PENDING, analysis: PENDING, content: 0, deliveries, trials: new Map() };
  const flags = { parked: false, summarized: false, grouped: false, delayed: false, recalling: false };
  return { input, events, generation: input.generation, status: 'queued_local', ...knowledge, ...flags };
}

/** Each stage that failed for good, with its error. */
export function stageErrors(run: ClipRun): (readonly [Stage, StageError])[] {
  const errors: (readonly [Stage, StageError])[] = [];
  if (run.upload.state === 'failed') errors.push(['upload', run.upload.error]);
  if (run.filter.state === 'failed') errors.push(['filter', run.filter.error]);
  if (run.analysis.state === 'failed') errors.push(['vlm', run.analysis.error]);
  for (const { error } of run.deliveries.values()) if (error !== undefined) errors.push(['notify', error]);
  return errors;
}

export const failedStages = (run: ClipRun): Stage[] => [...new Set(stageErrors(run).map(([stage]) => stage))];

/** What failed and waits for a person, in a line. */
export const reasonOf = (run: ClipRun): string =>
  stageErrors(run)
    .map(([stage, { code, message }]) => `${stage}: ${code}: ${message}`)
    .join('; ');

export function emitParked(run: ClipRun): void {
  run.events.emit({ eventType: 'clip_parked', stages: failedStages(run), reason: reasonOf(run) });
}

export function stateOf(run: ClipRun): ProcessClipState {
  const deliveries = [...run.deliveries].map(([channel, delivery]) => [channel, deliveryState(run, delivery)] as const);
  return {
    generation: run.generation,
    status: run.status,
    upload: run.upload,
    filter: run.filter,
    analysis: run.analysis,
    deliveries: Object.fromEntries(deliveries),
    failedStages: failedStages(run),
    ...(run.acknowledgedBy === undefined ? {} : { acknowledgedBy: run.acknowledgedBy }),
  };
}

export type DeliveryState = ProcessClipState['deliveries'][string];

export function deliveryState(run: ClipRun, delivery: ChannelDelivery): DeliveryState {
  if (delivery.error !== undefined) return 'failed';
  if (run.content === 0) return 'nothing_to_send';
  return delivery.confirmedContent < run.content ? 'owed' : 'sent';
}
