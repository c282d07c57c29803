import type { AlertTerms, ToldAs } from './alert.ts';
import { type ClipId, cameraSlug } from './ids.ts';
import type { Instant } from './instant.ts';
import type { RiskLevel } from './risk.ts';

/** A clip that is worth an alert, as far as it matters for others. */
export interface DeskClip {
  readonly clipId: ClipId;
  readonly recordedStartAt: Instant;
  readonly recordedEndAt: Instant;
  /** Shared with the other clips of the same happening. */
  readonly eventId?: string;
  /** What it alerts for; never empty. `unverified` and `motion` stand for classes where none were seen. */
  readonly classes: readonly string[];
  readonly riskLevel?: RiskLevel;
}

export interface DeskRequest {
  readonly cameraName: string;
  readonly clip: DeskClip;
  readonly terms: AlertTerms;
}

/** The same clip gets the same answer however often it asks, unless it has more to tell. */
export type DeskAnswer = { readonly answer: 'alert' } | { readonly answer: 'cool_down'; readonly until: Instant };

/** Clips of a visit tell of it over each channel one after the other. */
export interface TurnRequest {
  readonly cameraName: string;
  readonly clipId: ClipId;
  readonly channel: string;
  /** Which delivery it is for; all its attempts have the same. */
  readonly by: string;
  /** The lowest revision that is no repeat of what the clip itself has told. */
  readonly revision: number;
}

export type Turn =
  /** The alert is to go out now, as this. */
  | ({ readonly turn: 'yours' } & ToldAs & VisitSum)
  /** An attempt before this one has gone through. */
  | ({ readonly turn: 'done' } & ToldAs)
  /** Another clip is just telling. */
  | { readonly turn: 'busy' }
  /** The desk has forgotten the clip, or was never asked about it. */
  | { readonly turn: 'unknown' };

/** What the clips of a visit come to. */
export interface VisitSum {
  readonly clipCount: number;
  /** The highest of theirs. */
  readonly riskLevel?: RiskLevel;
  /** That is higher than what the channel was told before. */
  readonly worse?: boolean;
}

/** How a turn ended. */
export interface TurnEnd extends Pick<TurnRequest, 'cameraName' | 'clipId' | 'channel' | 'by'> {
  /** Whether the channel has confirmed. `maybe`: it may have taken the alert, and only its answer was lost. */
  readonly told: boolean | 'maybe';
}

/** That nobody has had a clip's alert, and nobody is about to, or that somebody has after all. */
export interface Hearing extends Pick<TurnRequest, 'clipId'> {
  readonly unheard: boolean;
}

/** A camera's alert desk: remembers what was told, so that the owner is not told too often. Each call rejects when it does not answer in time. */
export interface AlertDesk {
  readonly ask: (request: DeskRequest) => Promise<DeskAnswer>;
  readonly takeTurn: (request: TurnRequest) => Promise<Turn>;
  readonly endTurn: (end: TurnEnd) => Promise<void>;
}

/** A clip that alerted. */
export interface ToldClip extends DeskClip {
  /** The visit that it belongs to: the id of that one's first clip. */
  readonly visit: ClipId;
  /** Nobody has had its alert, and nobody is about to: it holds nothing back. */
  readonly unheard?: true;
}

/** What one channel knows of a visit. */
export interface VisitChannel {
  /** The last revision that it confirmed, or may have taken; 0 before the first. */
  readonly revision: number;
  /** The risk that it confirmed last, where it was known. */
  readonly riskLevel?: RiskLevel;
  /** Deliveries that it confirmed lately, oldest first. */
  readonly done: readonly Telling[];
  /** Deliveries that it may have taken, oldest first: to be repeated as they were. */
  readonly unconfirmed?: readonly Telling[];
  /** Who is telling it something, until when at most. */
  readonly turn?: Telling & { readonly untilMs: number; readonly riskLevel?: RiskLevel };
}

/** One delivery, and what it told the channel of the visit. */
export type Telling = Pick<TurnRequest, 'by' | 'revision'>;

/** All that a desk knows, small enough to be handed from run to run. */
export interface DeskMemory {
  /** In the order of recording; the oldest are forgotten. */
  readonly told: readonly ToldClip[];
  /** By visit, then by channel. */
  readonly visits: Readonly<Record<string, Readonly<Record<string, VisitChannel>>>>;
}

export interface AlertDeskInput {
  readonly cameraName: string;
  /** Of the run before; missing in the first. */
  readonly memory?: DeskMemory;
}

export const ALERT_DESK = 'alertDesk';
export const ASK_DESK_UPDATE = 'ask';
export const TAKE_TURN_UPDATE = 'takeTurn';
export const END_TURN_SIGNAL = 'endTurn';
export const HEARING_SIGNAL = 'hearing';

/** One desk for each camera. Names that share a slug are told apart by their own letters. */
export const alertDeskIdOf = (cameraName: string): string =>
  `alerts-${cameraSlug(cameraName)}-${encodeURIComponent(cameraName.toWellFormed())}`;
