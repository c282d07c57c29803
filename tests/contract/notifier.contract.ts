import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isRetryable } from '../../src/domain/stage-error.ts';
import type { Notifier, OutgoingAlert } from '../../src/plugins/spec/notifier.ts';
import { BARE_ALERT, FULL_ALERT, OFFLINE_ALERT, ONLINE_ALERT } from '../support/sample-alert.ts';
import { waitUntil } from '../support/wait-until.ts';

/** What the other side must be able to tell of a message: enough to know a repeat and an update. */
export interface Delivered {
  readonly dedupeKey: string;
  readonly revision: number;
  readonly cameraName: string;
}

export interface NotifierSetup {
  readonly notifier: Notifier;
  /** What has arrived at the other side, in order. */
  readonly delivered: () => readonly Delivered[];
  /** Makes the other side unreachable, for what is sent from now on. */
  readonly goAway: () => Promise<void>;
  /** Takes away what the set-up made. The suite has closed the notifier before. */
  readonly dispose: () => Promise<void>;
}

/** Promises of every notifier. `setup` makes a new one, with the other side there, for each test. */
export function describeNotifier(name: string, setup: () => Promise<NotifierSetup>): void {
  describe(`notifier ${name}`, () => {
    let given: NotifierSetup;
    let notifier: Notifier;
    beforeEach(async () => {
      given = await setup();
      notifier = given.notifier;
    });
    afterEach(async () => {
      await notifier.close();
      await given.dispose();
    });
    const arrived = async (count: number): Promise<readonly Delivered[]> => {
      await waitUntil(`${count} delivered`, () => given.delivered().length >= count);
      return given.delivered().map((key) => ({ ...key, cameraName: key.cameraName.toWellFormed() }));
    };

    test.each([
      ['full', FULL_ALERT],
      ['bare', BARE_ALERT],
    ])('delivers a %s alert once', async (_how, alert) => {
      // Given an alert
      // When
      const sent = await notifier.send(alert, signal());
      // Then
      expect(sent).toEqual({ ok: true, value: undefined });
      expect(await arrived(1)).toEqual([keyOf(alert)]);
    });

    test('delivers that a camera is away, and that it is back as an update of it', async () => {
      // Given an alert of a loss, and one of its end
      // When
      const sent = [];
      for (const alert of [OFFLINE_ALERT, ONLINE_ALERT]) sent.push(await notifier.send(alert, signal()));
      // Then
      expect(sent.map(({ ok }) => ok)).toEqual([true, true]);
      expect(await arrived(2)).toEqual([keyOf(OFFLINE_ALERT), keyOf(ONLINE_ALERT)]);
    });

    test('lets the other side tell an update from a repeat', async () => {
      // Given
      const update: OutgoingAlert = { ...FULL_ALERT, revision: 2 };
      // When
      const sent = [];
      for (const alert of [FULL_ALERT, FULL_ALERT, update]) sent.push(await notifier.send(alert, signal()));
      // Then
      expect(sent.map(({ ok }) => ok)).toEqual([true, true, true]);
      expect(await arrived(3)).toEqual([keyOf(FULL_ALERT), keyOf(FULL_ALERT), keyOf(update)]);
    });

    test.each(['a/b+c#d', '$SYS', 'Haustür "links" 監視', "<b>x</b> '; DROP", 'tab\tnul\0', '\ud800 alone', '{camera_name}'])(
      'delivers an alert of the camera %j',
      async (cameraName) => {
        // Given a camera with a name that means something to some protocol
        const alert: OutgoingAlert = { ...FULL_ALERT, cameraName };
        // When
        const sent = await notifier.send(alert, signal());
        // Then
        expect(sent).toMatchObject({ ok: true });
        expect(await arrived(1)).toEqual([keyOf(alert)]);
      },
    );

    test('delivers many at once, each once', async () => {
      // Given
      const alerts = Array.from(
        { length: 60 },
        (_none, index): OutgoingAlert => ({ ...BARE_ALERT, dedupeKey: `alert-${index}` }),
      );
      // When
      const sent = await Promise.all(alerts.map((alert) => notifier.send(alert, signal())));
      // Then
      expect(sent.every(({ ok }) => ok)).toBe(true);
      const keys = (await arrived(60)).map(({ dedupeKey }) => dedupeKey);
      expect(keys.toSorted()).toEqual(alerts.map(({ dedupeKey }) => dedupeKey).toSorted());
    });

    test('sends nothing for a call that was cancelled before', async () => {
      // Given
      const next: OutgoingAlert = { ...FULL_ALERT, dedupeKey: 'next' };
      // When
      const reason = new Error('called off');
      const cancelled = notifier.send(FULL_ALERT, AbortSignal.abort(reason));
      // Then
      await expect(cancelled).rejects.toBe(reason);
      await notifier.send(next, signal());
      expect(await arrived(1)).toEqual([keyOf(next)]);
    });

    test('says so when the other side is away, and that trying again can help', async () => {
      // Given
      await given.goAway();
      // When
      const sent = await notifier.send(FULL_ALERT, signal());
      const ping = await notifier.ping();
      // Then
      expect(!sent.ok && isRetryable(sent.error.code)).toBe(true);
      expect(ping.ok).toBe(false);
      expect(given.delivered()).toEqual([]);
    });

    test('answers a ping, can be closed twice, and sends nothing after', async () => {
      // Given
      const ping = await notifier.ping();
      // When
      await notifier.close();
      await notifier.close();
      const sent = await notifier.send(FULL_ALERT, signal());
      // Then
      expect(ping).toEqual({ ok: true, value: undefined });
      expect(!sent.ok && isRetryable(sent.error.code)).toBe(true);
      expect(given.delivered()).toEqual([]);
    });
  });
}

const signal = (): AbortSignal => new AbortController().signal;
/** As UTF-8 carries it: half a surrogate pair need not survive the wire. */
const keyOf = ({ dedupeKey, revision, cameraName }: OutgoingAlert): Delivered => ({
  dedupeKey,
  revision,
  cameraName: cameraName.toWellFormed(),
});
