import { describe, expect, it } from 'vitest';
import type { AlertTerms } from '../../../src/domain/alert.ts';
import type { DeskClip, DeskMemory, TurnRequest } from '../../../src/domain/alert-desk.ts';
import { createClipId } from '../../../src/domain/ids.ts';
import type { RiskLevel } from '../../../src/domain/risk.ts';
import { askDesk, EMPTY_BOOK, endTurn, noteHearing, takeTurn } from '../../../workflows/desk-book.ts';

const MINUTE = 60_000;
const MORNING = Date.parse('2026-11-23T08:00:00.000Z');
const TEN_MINUTES: AlertTerms = { coolDownMs: 10 * MINUTE };
const VISITS: AlertTerms = { visitGapMs: MINUTE };

interface Clip {
  readonly minute: number;
  readonly classes?: readonly string[];
  readonly risk?: RiskLevel;
  readonly eventId?: string;
}

/** A clip of ten seconds. */
function clipAt({ minute, classes = ['person'], risk, eventId }: Clip): DeskClip {
  const [start, end] = [0, 10_000].map((ms) => new Date(MORNING + minute * MINUTE + ms).toISOString());
  const clipId = createClipId(start ?? '', 'Yard', `${minute}`.padStart(12, '0').replaceAll(/[^0-9]/g, 'a'));
  const known = { ...(risk === undefined ? {} : { riskLevel: risk }), ...(eventId === undefined ? {} : { eventId }) };
  return { clipId, recordedStartAt: start ?? '', recordedEndAt: end ?? '', classes, ...known };
}

/** Asks for each clip in turn. */
function askAll(terms: AlertTerms, clips: readonly Clip[], book: DeskMemory = EMPTY_BOOK) {
  const answers: string[] = [];
  for (const clip of clips) {
    const [next, answer] = askDesk(book, { cameraName: 'Yard', clip: clipAt(clip), terms });
    book = next;
    answers.push(answer.answer);
  }
  return { book, answers };
}

const turnOf = (clip: Clip, by: string, more: Partial<TurnRequest> = {}): TurnRequest => ({
  ...{ cameraName: 'Yard', clipId: clipAt(clip).clipId, channel: 'phone', by, revision: 1 },
  ...more,
});

describe('the cool-down of a desk', () => {
  it('holds the same class back until it is over, from the recording of the clip that alerted', () => {
    // Given
    const { book } = askAll(TEN_MINUTES, [{ minute: 0 }]);
    // When
    const [, held] = askDesk(book, { cameraName: 'Yard', clip: clipAt({ minute: 9 }), terms: TEN_MINUTES });
    const { answers } = askAll(TEN_MINUTES, [{ minute: 10 }], book);
    // Then
    expect(held).toEqual({ answer: 'cool_down', until: '2026-11-23T08:10:00.000Z' });
    expect(answers).toEqual(['alert']);
  });

  it.each([
    ['what was held back begins none', [{ minute: 0 }, { minute: 6 }, { minute: 12 }], ['alert', 'cool_down', 'alert']],
    [
      'another class alerts, also beside one that cools',
      [{ minute: 0 }, { minute: 1, classes: ['dog'] }, { minute: 2, classes: ['person', 'car'] }],
      ['alert', 'alert', 'alert'],
    ],
    [
      'classes cool each on their own',
      [{ minute: 0 }, { minute: 5, classes: ['dog'] }, { minute: 9, classes: ['dog', 'person'] }],
      ['alert', 'alert', 'cool_down'],
    ],
    [
      'a higher risk breaks through, the same one does not',
      [
        { minute: 0, risk: 'medium' },
        { minute: 1, risk: 'medium' },
        { minute: 2, risk: 'high' },
        { minute: 3, risk: 'high' },
      ],
      ['alert', 'cool_down', 'alert', 'cool_down'],
    ],
    ['a risk that nobody knows does not', [{ minute: 0, risk: 'low' }, { minute: 1 }], ['alert', 'cool_down']],
    ['the later clip may ask first', [{ minute: 5 }, { minute: 0 }], ['alert', 'cool_down']],
  ] as const)('%s', (_what, clips, expected) => {
    // Given an empty desk, When clips ask in this order, Then
    expect(askAll(TEN_MINUTES, clips).answers).toEqual(expected);
  });

  it('lets a clip that alerted alert however often it asks, and remembers what it has learnt', () => {
    // Given a clip that alerted before its risk was known
    const first = { minute: 0, risk: 'high' } as const;
    const { book } = askAll(TEN_MINUTES, [{ minute: 0 }]);
    // When it asks again, and then others
    const { answers } = askAll(TEN_MINUTES, [first, first, { minute: 1, risk: 'medium' }, { minute: 2, risk: 'critical' }], book);
    // Then
    expect(answers).toEqual(['alert', 'alert', 'cool_down', 'alert']);
  });

  it('does not turn against a clip that alerted when a worse one has followed', () => {
    // Given
    const { book } = askAll(TEN_MINUTES, [
      { minute: 0, risk: 'medium' },
      { minute: 1, risk: 'high' },
    ]);
    // When the first asks again
    const { answers } = askAll(TEN_MINUTES, [{ minute: 0, risk: 'medium' }], book);
    // Then
    expect(answers).toEqual(['alert']);
  });

  it('lets a clip through that was held back and turns out worse', () => {
    // Given
    const { book, answers } = askAll(TEN_MINUTES, [{ minute: 0, risk: 'medium' }, { minute: 1 }]);
    // When
    const later = askAll(TEN_MINUTES, [{ minute: 1, risk: 'high' }], book);
    // Then
    expect([...answers, ...later.answers]).toEqual(['alert', 'cool_down', 'alert']);
  });

  it('is not begun by a clip that nobody has heard of, also when that one asks again', () => {
    // Given
    const [first, next] = [{ minute: 0 }, { minute: 9 }];
    const { clipId } = clipAt(first);
    const unheard = noteHearing(askAll(TEN_MINUTES, [first]).book, { clipId, unheard: true });
    // When
    const { answers, book } = askAll(TEN_MINUTES, [first, next], unheard);
    // Then
    expect(answers).toEqual(['alert', 'alert']);
    // When a channel has taken it after all
    const heard = noteHearing(book, { clipId, unheard: false });
    // Then
    expect(askAll(TEN_MINUTES, [{ minute: -1 }], heard).answers).toEqual(['cool_down']);
  });
});

describe('a visit', () => {
  const visitsOf = (book: DeskMemory) => book.told.map(({ visit }) => visit);

  it('is of clips that follow each other, and of one event however far apart', () => {
    // Given
    const clips = [{ minute: 0, eventId: 'e1' }, { minute: 1 }, { minute: 5 }, { minute: 30, eventId: 'e1' }];
    // When
    const { book } = askAll(VISITS, clips);
    // Then
    const [first, , third] = clips.map((clip) => clipAt(clip).clipId);
    expect(visitsOf(book)).toEqual([first, first, third, first]);
  });

  it('goes on under the key of the clip that asked first, though another was recorded before', () => {
    // Given
    const { book } = askAll(VISITS, [{ minute: 1 }, { minute: 0 }]);
    // When
    const visits = visitsOf(book);
    // Then
    expect(visits).toEqual([clipAt({ minute: 1 }).clipId, clipAt({ minute: 1 }).clipId]);
  });

  it('is not held back by a cool-down; the next one is', () => {
    // Given
    const terms = { ...TEN_MINUTES, ...VISITS };
    // When
    const { answers } = askAll(terms, [{ minute: 0 }, { minute: 1 }, { minute: 4 }]);
    // Then
    expect(answers).toEqual(['alert', 'alert', 'cool_down']);
  });

  it('ends after fifty clips, and the desk forgets what is long ago', () => {
    // Given
    const clips = Array.from({ length: 160 }, (_none, minute) => ({ minute }));
    // When
    const { book } = askAll(VISITS, clips);
    // Then
    expect(book.told).toHaveLength(100);
    const counts = Object.values(Object.groupBy(book.told, ({ visit }) => visit)).map((visit) => visit?.length);
    expect(Math.max(...counts.map(Number))).toBe(50);
  });
});

describe('turns on a channel', () => {
  const [one, two] = [
    { minute: 0, risk: 'critical' },
    { minute: 1, risk: 'low' },
  ] as const;
  const { book: visit } = askAll(VISITS, [one, two]);
  const key = `visit-${clipAt(one).clipId}`;

  it('are taken one after the other, with revisions that grow', () => {
    // Given a clip that is just telling
    const [busy, mine] = takeTurn(visit, turnOf(one, 'a'), 0);
    // When another one wants to, and again when the first is through
    const [, refused] = takeTurn(busy, turnOf(two, 'b'), 1_000);
    const free = endTurn(busy, { ...turnOf(one, 'a'), told: true });
    const [, granted] = takeTurn(free, turnOf(two, 'b'), 2_000);
    // Then
    expect(mine).toEqual({ turn: 'yours', dedupeKey: key, revision: 1, clipCount: 2, riskLevel: 'critical' });
    expect(refused).toEqual({ turn: 'busy' });
    expect(granted).toEqual({ turn: 'yours', dedupeKey: key, revision: 2, clipCount: 2, riskLevel: 'critical' });
  });

  it('of different channels have nothing to do with each other', () => {
    // Given
    const [busy] = takeTurn(visit, turnOf(one, 'a'), 0);
    // When
    const [, mail] = takeTurn(busy, turnOf(two, 'b', { channel: 'mail' }), 1_000);
    // Then
    expect(mail).toMatchObject({ turn: 'yours', revision: 1 });
  });

  it('that failed leave the revision to the next: who has heard nothing gets no update', () => {
    // Given
    const [busy] = takeTurn(visit, turnOf(one, 'a'), 0);
    const free = endTurn(busy, { ...turnOf(one, 'a'), told: false });
    // When
    const [, granted] = takeTurn(free, turnOf(two, 'b'), 1_000);
    // Then
    expect(granted).toMatchObject({ turn: 'yours', revision: 1 });
  });

  it('whose outcome nobody knows spend their revision: what the next one tells is no repeat', () => {
    // Given an alert whose confirmation was lost
    const [busy] = takeTurn(visit, turnOf(one, 'a'), 0);
    const free = endTurn(busy, { ...turnOf(one, 'a'), told: 'maybe' });
    // When another clip tells the channel, and then the first is repeated
    const [other, granted] = takeTurn(free, turnOf(two, 'b'), 1_000);
    const [again, repeat] = takeTurn(endTurn(other, { ...turnOf(two, 'b'), told: true }), turnOf(one, 'a'), 2_000);
    const [, next] = takeTurn(endTurn(again, { ...turnOf(one, 'a'), told: true }), turnOf(one, 'c'), 3_000);
    // Then
    expect([granted, repeat, next]).toMatchObject([
      { turn: 'yours', revision: 2 },
      { turn: 'yours', revision: 1 },
      { turn: 'yours', revision: 3 },
    ]);
  });

  it('say when the visit is worse than what the channel was told', () => {
    // Given a channel that was told of a harmless clip
    const { book: calm } = askAll(VISITS, [two]);
    const [told] = takeTurn(calm, turnOf(two, 'a'), 0);
    const { book } = askAll(VISITS, [one], endTurn(told, { ...turnOf(two, 'a'), told: true }));
    // When another one is critical, and again when that is told
    const [worse, first] = takeTurn(book, turnOf(one, 'b'), 1_000);
    const [, next] = takeTurn(endTurn(worse, { ...turnOf(one, 'b'), told: true }), turnOf(two, 'c'), 2_000);
    // Then
    expect(first).toMatchObject({ revision: 2, riskLevel: 'critical', worse: true });
    expect(next).not.toHaveProperty('worse');
  });

  it('of one delivery are the same message, and none once it has gone through', () => {
    // Given
    const [busy, first] = takeTurn(visit, turnOf(one, 'a'), 0);
    // When the same delivery is attempted again, before and after the channel has confirmed
    const [, again] = takeTurn(busy, turnOf(one, 'a'), 1_000);
    const free = endTurn(busy, { ...turnOf(one, 'a'), told: true });
    const [, after] = takeTurn(free, turnOf(one, 'a'), 2_000);
    // Then
    expect(again).toEqual(first);
    expect(after).toEqual({ turn: 'done', dedupeKey: key, revision: 1 });
  });

  it('end by themselves when nobody says how they went', () => {
    // Given
    const [busy] = takeTurn(visit, turnOf(one, 'a'), 0);
    // When
    const [, later] = takeTurn(busy, turnOf(two, 'b'), 60_000);
    // Then
    expect(later).toMatchObject({ turn: 'yours', revision: 1 });
  });

  it('never go back behind what the clip itself has told before', () => {
    // Given a clip of which the desk has forgotten what it told
    const request = turnOf(one, 'a', { revision: 4 });
    // When
    const [, turn] = takeTurn(visit, request, 0);
    // Then
    expect(turn).toMatchObject({ revision: 4 });
  });

  it('are none for a clip that never asked', () => {
    // Given
    const stranger = turnOf({ minute: 59 }, 'a');
    // When
    const [book, turn] = takeTurn(visit, stranger, 0);
    // Then
    expect(turn).toEqual({ turn: 'unknown' });
    expect(endTurn(book, { ...stranger, told: true })).toBe(visit);
  });
});
