import { describe, expect, it } from 'vitest';
import { CLIP_STATUSES, type ClipState, type ClipStatus, foldClip, inOrder } from '../../../src/domain/clip-state.ts';
import type { ClipEvent, EventType, NewClipEvent } from '../../../src/domain/events.ts';
import { ANALYSIS_RESULT, createStory, FILTER_RESULT, NEW_EVENTS, shuffled } from '../../support/clip-story.ts';

/** Folds a recorded clip to which these things happened. */
function lived(...happened: readonly NewClipEvent[]): ClipState {
  const story = createStory();
  const state = foldClip([story.recorded(), ...happened.map(story.emit)]);
  if (state === undefined) throw new Error('a recorded clip has a state');
  return state;
}

/** What leads a clip into each status. */
const INTO: Readonly<Record<ClipStatus, readonly NewClipEvent[]>> = {
  queued_local: [],
  uploaded: [NEW_EVENTS.upload_completed],
  analyzed: [NEW_EVENTS.vlm_completed],
  done: [NEW_EVENTS.clip_done],
  parked: [NEW_EVENTS.clip_parked],
  failed: [NEW_EVENTS.clip_failed],
  deleted: [NEW_EVENTS.clip_deleted],
};

/** The whole table: what each event makes of each status. Not listed: the status stays. */
const TRANSITIONS: Partial<Record<EventType, Partial<Record<ClipStatus, ClipStatus>>>> = {
  upload_completed: { queued_local: 'uploaded' },
  vlm_completed: { queued_local: 'analyzed', uploaded: 'analyzed' },
  stage_retried: { ...all('queued_local'), uploaded: 'uploaded' },
  clip_restarted: { ...all('queued_local'), uploaded: 'uploaded' },
  clip_done: all('done'),
  clip_parked: all('parked'),
  clip_failed: all('failed'),
  clip_deleted: { ...all('deleted'), deleted: 'deleted' },
};

function all(to: ClipStatus): Partial<Record<ClipStatus, ClipStatus>> {
  return Object.fromEntries(CLIP_STATUSES.filter((from) => from !== 'deleted').map((from) => [from, to]));
}

const CASES = CLIP_STATUSES.flatMap((from) =>
  Object.values(NEW_EVENTS).map((event) => ({ from, event, to: TRANSITIONS[event.eventType]?.[from] ?? from })),
);

describe('status transitions', () => {
  it.each(CASES)('$event.eventType in $from leads to $to', ({ from, event, to }) => {
    // Given a clip in a status
    const before = INTO[from];
    // When something happens to it
    const state = lived(...before, event);
    // Then its status follows the table
    expect(state.status).toBe(to);
  });

  it('a refused transition still keeps what the event tells', () => {
    // Given a clip that is done although its upload was late
    const before = [NEW_EVENTS.clip_done];
    // When the upload completes after all
    const state = lived(...before, NEW_EVENTS.upload_completed);
    // Then the status stays and the place of the bytes is known
    expect(state).toMatchObject({ status: 'done', storageUri: 'local:clips/a.mp4' });
  });
});

describe('what a state keeps', () => {
  it('starts with all that sealing fixed', () => {
    // Given a sealed clip
    const story = createStory({ cameraName: 'Hof', recordedStartAt: '2026-03-28T01:30:00.000Z' });
    // When it is recorded
    const state = foldClip([story.recorded()]);
    // Then its state holds the recording and nothing else
    expect(state).toEqual({
      schemaVersion: 1,
      clipId: story.clipId,
      status: 'queued_local',
      generation: 1,
      lastSequence: expect.any(Number),
      cameraName: 'Hof',
      hostId: expect.any(String),
      recordedStartAt: '2026-03-28T01:30:00.000Z',
      recordedEndAt: '2026-03-28T01:30:10.000Z',
      durationMs: 10_000,
      sealedAt: '2026-03-28T01:30:10.500Z',
      sourceBackend: 'local_folder',
      sizeBytes: 1_234_567,
      sha256: 'a'.repeat(64),
      localPath: expect.stringContaining(story.clipId),
      storageKey: expect.stringContaining(story.clipId),
      deliveries: [],
      problems: [],
    });
  });

  it('gathers the results of all stages', () => {
    // Given a clip
    // When every stage succeeds
    const state = lived(
      NEW_EVENTS.upload_started,
      NEW_EVENTS.filter_started,
      NEW_EVENTS.filter_completed,
      NEW_EVENTS.vlm_started,
      NEW_EVENTS.upload_completed,
      NEW_EVENTS.vlm_completed,
      NEW_EVENTS.alert_decision_made,
      NEW_EVENTS.notification_sent,
      NEW_EVENTS.clip_acknowledged,
      NEW_EVENTS.clip_done,
    );
    // Then all of it stands in the state, as the plugins gave it
    expect(state).toMatchObject({
      status: 'done',
      storageUri: 'local:clips/a.mp4',
      alertDecision: { notify: true, notifyReason: 'risk_level=high' },
      deliveries: [{ notifierName: 'phone', status: 'sent', revision: 1 }],
      problems: [],
      acknowledgedBy: 'owner',
    });
    expect(state.filterResult).toEqual(FILTER_RESULT);
    expect(state.analysisResult).toEqual(ANALYSIS_RESULT);
  });

  it('counts the run that the last event belongs to', () => {
    // Given a clip that failed
    const story = createStory();
    const first = [story.recorded(), story.emit(NEW_EVENTS.clip_failed)];
    // When it is run again
    story.nextGeneration();
    const state = foldClip([...first, story.emit(NEW_EVENTS.clip_restarted)]);
    // Then the state says which run it is in, and that it is not over
    expect(state).toMatchObject({ generation: 2, status: 'queued_local' });
  });

  it('a skipped analysis keeps its reason until there is one', () => {
    // Given a clip that was not worth a model's time
    expect(lived(NEW_EVENTS.vlm_skipped).vlmSkipReason).toBe('no_trigger_classes');
    // When it is analysed after all
    const state = lived(NEW_EVENTS.vlm_skipped, NEW_EVENTS.vlm_completed);
    // Then nothing says that it was skipped
    expect(state).not.toHaveProperty('vlmSkipReason');
  });

  it('a recheck replaces what the filter saw, but not on a deleted clip', () => {
    // Given a filtered clip, and one that is deleted
    // When both are rechecked with another model
    const checked = lived(NEW_EVENTS.filter_completed, NEW_EVENTS.clip_rechecked);
    const deleted = lived(NEW_EVENTS.filter_completed, NEW_EVENTS.clip_deleted, NEW_EVENTS.clip_rechecked);
    // Then only the living one changes
    expect(checked.filterResult?.model).toBe('yolox_s');
    expect(deleted.filterResult?.model).toBe('yolox_nano_416');
  });

  it('deleting keeps everything else', () => {
    // Given a clip with results
    const before = [NEW_EVENTS.upload_completed, NEW_EVENTS.filter_completed, NEW_EVENTS.vlm_completed];
    // When it is deleted
    const {
      status,
      lastSequence: _last,
      clipId: _id,
      localPath: _path,
      storageKey: _key,
      ...rest
    } = lived(...before, NEW_EVENTS.clip_deleted);
    // Then only the status says so
    expect(status).toBe('deleted');
    expect(lived(...before)).toMatchObject(rest);
  });

  it('a parked clip says why, and no longer once it is done', () => {
    // Given a parked clip
    const parked = lived(NEW_EVENTS.clip_parked);
    // When it comes to an end
    const done = lived(NEW_EVENTS.clip_parked, NEW_EVENTS.clip_done);
    const failed = lived(NEW_EVENTS.clip_parked, NEW_EVENTS.clip_failed);
    // Then the reason is that of its present status
    expect(parked.parkedReason).toBe('storage refuses access');
    expect(done).not.toHaveProperty('parkedReason');
    expect(failed.parkedReason).toBe('nobody came');
  });
});

describe('problems', () => {
  it.each([
    ['upload', NEW_EVENTS.upload_failed, NEW_EVENTS.upload_completed],
    ['filter', NEW_EVENTS.filter_failed, NEW_EVENTS.filter_completed],
    ['vlm', NEW_EVENTS.vlm_failed, NEW_EVENTS.vlm_completed],
    ['vlm', NEW_EVENTS.vlm_failed, NEW_EVENTS.vlm_skipped],
    ['notify', NEW_EVENTS.notification_failed, NEW_EVENTS.notification_sent],
  ] as const)('a problem in %s stands until it is over (%#)', (stage, trouble, relief) => {
    // Given a stage that failed twice
    const troubled = lived(trouble, { ...trouble, attempt: 2 } as NewClipEvent);
    // When it goes well, or is not wanted any more
    const healed = lived(trouble, relief);
    // Then the last failure stands until then, once
    expect(troubled.problems).toEqual([
      expect.objectContaining({ stage, attempt: 2, errorMessage: expect.stringContaining('in a test') }),
    ]);
    expect(healed.problems).toEqual([]);
  });

  it('one channel that works does not hide another that does not', () => {
    // Given two channels, one of them broken
    const state = lived(
      { ...NEW_EVENTS.notification_failed, notifierName: 'mail' } as NewClipEvent,
      // When the other one delivers
      NEW_EVENTS.notification_sent,
    );
    // Then the broken one still shows
    expect(state.problems).toEqual([expect.objectContaining({ stage: 'notify', notifierName: 'mail' })]);
    expect(state.deliveries.map(({ notifierName, status }) => [notifierName, status])).toEqual([
      ['mail', 'failed'],
      ['phone', 'sent'],
    ]);
  });

  it('a delivery that will be tried again is not failed yet', () => {
    // Given a channel
    // When an attempt fails that is not the last
    const state = lived({ ...NEW_EVENTS.notification_failed, willRetry: true } as NewClipEvent);
    // Then the problem shows and the delivery is still open
    expect(state.problems).toHaveLength(1);
    expect(state.deliveries).toEqual([]);
  });

  it('an update of an alert takes the place of the alert, channel by channel in order of name', () => {
    // Given an alert that went out over two channels
    const state = lived(
      NEW_EVENTS.notification_sent,
      { ...NEW_EVENTS.notification_sent, notifierName: 'alarm' } as NewClipEvent,
      // When one channel delivers an update
      { ...NEW_EVENTS.notification_sent, revision: 2 } as NewClipEvent,
    );
    // Then each channel has one delivery, its last
    expect(state.deliveries.map(({ notifierName, revision }) => [notifierName, revision])).toEqual([
      ['alarm', 1],
      ['phone', 2],
    ]);
  });
});

describe('order', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('does not depend on arrival (seed %i)', (seed) => {
    // Given everything that can happen to a clip, in some order
    const story = createStory();
    const events = [story.recorded(), ...shuffled(Object.values(NEW_EVENTS), seed).map(story.emit)];
    // When the events arrive in another order, some of them twice
    const arrived = shuffled([...events, ...events.slice(0, 5)], seed + 100);
    // Then the state is the same
    expect(foldClip(arrived)).toEqual(foldClip(events));
    expect(new Set(inOrder(arrived))).toEqual(new Set(events));
  });

  it('events of two runs with the same sequence are told apart by their ids', () => {
    // Given two events that claim the same place
    const story = createStory();
    const recorded = story.recorded();
    const first = { ...story.emit(NEW_EVENTS.clip_acknowledged), id: '00000000-0000-4000-8000-000000000001' };
    const second = { ...first, id: '00000000-0000-4000-8000-000000000002', by: 'guest' } as ClipEvent;
    // When they arrive in either order
    const states = [foldClip([recorded, first, second]), foldClip([second, recorded, first])];
    // Then the same one is the later
    expect(states.map((state) => state?.acknowledgedBy)).toEqual(['guest', 'guest']);
  });

  it('knows nothing of a clip before its recording', () => {
    // Given events that overtook the first
    const story = createStory();
    const recorded = story.recorded();
    const loose = [story.emit(NEW_EVENTS.filter_completed), story.emit(NEW_EVENTS.clip_done)];
    // When they are folded without it
    // Then there is no state; with it, there is
    expect(foldClip(loose)).toBeUndefined();
    expect(foldClip([])).toBeUndefined();
    expect(foldClip([...loose, recorded])?.status).toBe('done');
  });

  it('a second recording event changes nothing that sealing fixed', () => {
    // Given a clip that was reset to its very beginning
    const story = createStory();
    const events = [story.recorded(), story.emit(NEW_EVENTS.upload_completed)];
    // When the new run tells of the recording again
    const state = foldClip([...events, story.recorded()]);
    // Then what is known stays known
    expect(state).toMatchObject({ status: 'uploaded', storageUri: 'local:clips/a.mp4' });
  });

  it('an event type that does not exist is a defect, not silence', () => {
    // Given an event that no version knows
    const story = createStory();
    const unknown = { ...story.emit(NEW_EVENTS.clip_done), eventType: 'clip_eaten' } as unknown as ClipEvent;
    // When it is folded
    // Then that throws
    expect(() => foldClip([{ ...story.recorded(), sequence: 1 }, unknown])).toThrow('clip_eaten');
  });
});
