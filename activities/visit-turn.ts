import type { ClipAlert, ToldAs } from '../src/domain/alert.ts';
import type { AlertDesk, Turn, TurnEnd, TurnRequest } from '../src/domain/alert-desk.ts';
import { assertNever } from '../src/domain/assert-never.ts';
import { err, ok, type Result } from '../src/domain/result.ts';
import { type PluginFailure, pluginFailure } from '../src/domain/stage-error.ts';

/** How soon a clip asks again while another one of its visit is just telling the same channel. */
const ASK_AGAIN_MS = 2_000;

/** One delivery of an alert that clips of one visit share. */
export interface SharedDelivery {
  readonly alert: ClipAlert;
  readonly channel: string;
  /** The same for all its attempts. */
  readonly by: string;
  readonly send: (alert: ClipAlert) => Promise<Result<void, PluginFailure>>;
}

/**
 * Sends when it is this clip's turn, as an update of what its visit has told the channel. When the desk does not answer, the
 * clip tells for itself: rather one alert too many.
 */
export async function sendInTurn(desk: AlertDesk, delivery: SharedDelivery): Promise<Result<ToldAs, PluginFailure>> {
  const { alert, channel, by, send } = delivery;
  const { cameraName, clipId, revision } = alert;
  const turn = await turnOf(desk, { cameraName, clipId, channel, by, revision });
  switch (turn.turn) {
    case 'done':
      return ok({ dedupeKey: turn.dedupeKey, revision: turn.revision });
    case 'busy':
      return err(pluginFailure('NOTIFY_BUSY', BUSY, undefined, ASK_AGAIN_MS));
    case 'unknown':
      return toldAs(alert, await send(alert));
    case 'yours': {
      let told: TurnEnd['told'] = 'maybe';
      try {
        const shared = sharedAlert(alert, turn);
        const sent = await send(shared);
        told = hasTold(sent);
        return toldAs(shared, sent);
      } finally {
        // Without an answer the turn ends by itself.
        await desk.endTurn({ cameraName, clipId, channel, by, told }).catch(() => undefined);
      }
    }
    default:
      return assertNever(turn);
  }
}

/** Who gave no answer in time, or was not waited for, may have taken it. */
const hasTold = (sent: Result<void, PluginFailure>): TurnEnd['told'] =>
  sent.ok || (sent.error.code === 'NOTIFY_TIMED_OUT' ? 'maybe' : false);

const BUSY = 'another clip of the same visit is still being told over this channel';

const turnOf = (desk: AlertDesk, request: TurnRequest): Promise<Turn> =>
  desk.takeTurn(request).catch(() => ({ turn: 'unknown' }) as const);

function sharedAlert(alert: ClipAlert, { turn: _turn, clipCount, ...told }: Extract<Turn, { turn: 'yours' }>): ClipAlert {
  return { ...alert, ...told, ...(clipCount > 1 ? { clipCount } : {}) };
}

const toldAs = ({ dedupeKey, revision }: ClipAlert, sent: Result<void, PluginFailure>): Result<ToldAs, PluginFailure> =>
  sent.ok ? ok({ dedupeKey, revision }) : sent;
