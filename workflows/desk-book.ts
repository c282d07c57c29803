import type {
  DeskAnswer,
  DeskClip,
  DeskMemory,
  DeskRequest,
  Hearing,
  Telling,
  ToldClip,
  Turn,
  TurnEnd,
  TurnRequest,
  VisitChannel,
  VisitSum,
} from '../src/domain/alert-desk.ts';
import { compareRisk, type RiskLevel } from '../src/domain/risk.ts';

/*
 * What a camera's desk remembers and answers. Pure, and by the times at which clips were recorded: it does not matter when
 * or in which order clips ask, and a clip that asks again gets the same answer.
 */

export const EMPTY_BOOK: DeskMemory = { told: [], visits: {} };

/** Clips remembered at most. */
const TOLD_AT_MOST = 100;
/** A visit of more clips goes on as another, so that whoever stays all day is told of more than once. */
const CLIPS_IN_A_VISIT = 50;
const DONE_KEPT = 10;
/** A turn whose end is never told ends then; longer than a delivery may take. */
const TURN_MS = 45_000;

/** May this clip alert? */
export function askDesk(book: DeskMemory, { clip, terms }: DeskRequest): [DeskMemory, DeskAnswer] {
  const others = book.told.filter(({ clipId }) => clipId !== clip.clipId);
  const before = book.told.find(({ clipId }) => clipId === clip.clipId);
  const visit = before?.visit ?? visitOf(clip, others, terms.visitGapMs);
  if (visit === undefined && terms.coolDownMs !== undefined) {
    const coolUntilMs = coolDownEnd(clip, others, terms.coolDownMs);
    if (coolUntilMs !== undefined) return [book, { answer: 'cool_down', until: new Date(coolUntilMs).toISOString() }];
  }
  const known = before?.unheard === undefined ? {} : { unheard: before.unheard };
  const told = [...others, { ...clip, visit: visit ?? clip.clipId, ...known }].toSorted(byRecording).slice(-TOLD_AT_MOST);
  return [forgetful({ ...book, told }), { answer: 'alert' }];
}

/** Silence after an alert that nobody had would be the result of a fault. */
export function noteHearing(book: DeskMemory, { clipId, unheard }: Hearing): DeskMemory {
  const told = book.told.map((clip) => {
    if (clip.clipId !== clipId) return clip;
    const { unheard: _former, ...heard } = clip;
    return unheard ? { ...heard, unheard } : heard;
  });
  return { ...book, told };
}

/** The visit that the clip goes on with; undefined when it begins one. */
function visitOf(clip: DeskClip, told: readonly ToldClip[], gapMs: number | undefined): ToldClip['visit'] | undefined {
  if (gapMs === undefined) return undefined;
  const neighbours = told.filter((other) => isSameEvent(clip, other) || gapBetween(clip, other) <= gapMs);
  return neighbours.find(({ visit }) => told.filter((other) => other.visit === visit).length < CLIPS_IN_A_VISIT)?.visit;
}

const isSameEvent = (a: DeskClip, b: DeskClip): boolean => a.eventId !== undefined && a.eventId === b.eventId;

/** Negative where they overlap. */
const gapBetween = (a: DeskClip, b: DeskClip): number =>
  Math.max(
    Date.parse(a.recordedStartAt) - Date.parse(b.recordedEndAt),
    Date.parse(b.recordedStartAt) - Date.parse(a.recordedEndAt),
  );

/** @returns undefined when something about the clip is new: a class, or a higher risk. */
function coolDownEnd(clip: DeskClip, told: readonly ToldClip[], coolDownMs: number): number | undefined {
  const ends = clip.classes.map((className) => {
    const same = told.filter(
      (other) =>
        other.unheard !== true &&
        other.classes.includes(className) &&
        Math.abs(Date.parse(other.recordedStartAt) - Date.parse(clip.recordedStartAt)) < coolDownMs &&
        compareRisk(riskOf(clip), riskOf(other)) <= 0,
    );
    return Math.max(...same.map(({ recordedStartAt }) => Date.parse(recordedStartAt) + coolDownMs));
  });
  // The largest of nothing is minus infinity: that class was not told of.
  return ends.every(Number.isFinite) ? Math.min(...ends) : undefined;
}

/** One that nobody knows is no reason to call again. */
const riskOf = ({ riskLevel = 'low' }: DeskClip): RiskLevel => riskLevel;

const byRecording = (a: DeskClip, b: DeskClip): number => (a.recordedStartAt < b.recordedStartAt ? -1 : 1);

/** Visits of which no clip is known any more go. */
function forgetful({ told, visits }: DeskMemory): DeskMemory {
  const known = Object.entries(visits).filter(([visit]) => told.some((clip) => clip.visit === visit));
  return { told, visits: Object.fromEntries(known) };
}

/** Never the key of a clip that alerts for itself: what is new of a visit would pass for a repeat of that alert. */
const visitKeyOf = (visit: string): string => `visit-${visit}`;

/** Who asks for a turn gets it when no other clip of the visit is just telling the same channel. */
export function takeTurn(book: DeskMemory, request: TurnRequest, nowMs: number): [DeskMemory, Turn] {
  const visit = visitOfClip(book, request);
  if (visit === undefined) return [book, { turn: 'unknown' }];
  const channel = channelOf(book, visit, request.channel);
  const dedupeKey = visitKeyOf(visit);
  const done = channel.done.find(({ by }) => by === request.by);
  if (done !== undefined) return [book, { turn: 'done', dedupeKey, revision: done.revision }];
  const { turn, unconfirmed = [] } = channel;
  const isMine = turn?.by === request.by;
  if (turn !== undefined && !isMine && nowMs < turn.untilMs) return [book, { turn: 'busy' }];
  // Another attempt of the same delivery is the same message.
  const begun = isMine ? turn : unconfirmed.find(({ by }) => by === request.by);
  const revision = begun?.revision ?? Math.max(channel.revision + 1, request.revision);
  const sum = sumOf(book, visit);
  const risk = sum.riskLevel === undefined ? {} : { riskLevel: sum.riskLevel };
  const mine = { ...channel, turn: { by: request.by, revision, untilMs: nowMs + TURN_MS, ...risk } };
  const worse = isWorse(channel, sum) ? { worse: true } : {};
  return [withChannel(book, visit, request.channel, mine), { turn: 'yours', dedupeKey, revision, ...sum, ...worse }];
}

/** Than what the channel knows; there is nothing worse than nothing. */
const isWorse = ({ revision, riskLevel: known = 'low' }: VisitChannel, { riskLevel }: VisitSum): boolean =>
  revision > 0 && riskLevel !== undefined && compareRisk(riskLevel, known) > 0;

/** Only who has the turn can end it. */
export function endTurn(book: DeskMemory, end: TurnEnd): DeskMemory {
  const visit = visitOfClip(book, end);
  if (visit === undefined) return book;
  const { turn, ...channel } = channelOf(book, visit, end.channel);
  return turn?.by === end.by ? withChannel(book, visit, end.channel, afterTurn(channel, turn, end.told)) : book;
}

/**
 * A channel that refused knows nothing of that revision: the next one to tell it takes the same. Of one that may have taken it
 * the revision is spent, or what is told next would pass for a repeat.
 */
function afterTurn(channel: VisitChannel, turn: NonNullable<VisitChannel['turn']>, told: TurnEnd['told']): VisitChannel {
  if (told === false) return channel;
  const { by, revision, riskLevel } = turn;
  const { done, unconfirmed = [] } = channel;
  const others = unconfirmed.filter((telling) => telling.by !== by);
  const known = { ...channel, revision: Math.max(channel.revision, revision) };
  const latest = (tellings: readonly Telling[]) => [...tellings, { by, revision }].slice(-DONE_KEPT);
  if (told === 'maybe') return { ...known, unconfirmed: latest(others) };
  return { ...known, ...(riskLevel === undefined ? {} : { riskLevel }), unconfirmed: others, done: latest(done) };
}

const visitOfClip = (book: DeskMemory, { clipId }: Pick<TurnRequest, 'clipId'>) =>
  book.told.find((clip) => clip.clipId === clipId)?.visit;

const channelOf = (book: DeskMemory, visit: string, channel: string): VisitChannel =>
  book.visits[visit]?.[channel] ?? { revision: 0, done: [] };

const withChannel = (book: DeskMemory, visit: string, name: string, channel: VisitChannel): DeskMemory => ({
  ...book,
  visits: { ...book.visits, [visit]: { ...book.visits[visit], [name]: channel } },
});

function sumOf(book: DeskMemory, visit: string): VisitSum {
  const clips = book.told.filter((clip) => clip.visit === visit);
  const risks = clips.flatMap(({ riskLevel }) => (riskLevel === undefined ? [] : [riskLevel]));
  const riskLevel = risks.toSorted(compareRisk).at(-1);
  return { clipCount: clips.length, ...(riskLevel === undefined ? {} : { riskLevel }) };
}
