import { Context } from '@temporalio/activity';
import type { Activities } from '../src/domain/activities.ts';
import type { Alert, ToldAs } from '../src/domain/alert.ts';
import type { AlertDesk } from '../src/domain/alert-desk.ts';
import { err, ok, type Result } from '../src/domain/result.ts';
import { type PluginFailure, pluginFailure } from '../src/domain/stage-error.ts';
import type { Notifier } from '../src/plugins/spec/notifier.ts';
import { type AdornDeps, createAdorn } from './outgoing-alert.ts';
import { sendInTurn } from './visit-turn.ts';

/** A configured notification channel, ready to send. */
export interface Channel {
  readonly backend: string;
  readonly notifier: Notifier;
}

export interface NotifyDeps extends AdornDeps {
  readonly channels: ReadonlyMap<string, Channel>;
  readonly desk: AlertDesk;
}

export function createSendNotification({ channels, desk, ...deps }: NotifyDeps): Activities['sendNotification'] {
  const adorn = createAdorn(deps);

  function deliver(notifier: Notifier, input: Parameters<Activities['sendNotification']>[0]) {
    const { channel, alert, runId } = input;
    const { cancellationSignal: signal, info } = Context.current();
    if (!('clipId' in alert)) return sent(alert, notifier.send(alert, signal));
    const send = async (clipAlert: typeof alert) => notifier.send(await adorn(clipAlert, notifier, signal), signal);
    if (alert.grouped !== true) return sent(alert, send(alert));
    const by = `${runId ?? info.workflowExecution?.runId}/${info.activityId}`;
    return sendInTurn(desk, { alert, channel, by, send });
  }

  return async (input) => {
    const { channel, alert } = input;
    const whose = 'clipId' in alert ? { clipId: alert.clipId } : {};
    const found = channels.get(channel);
    if (found === undefined) {
      const failure = pluginFailure('CHANNEL_UNKNOWN', `no notification channel is called ${JSON.stringify(channel)}`);
      return err({ kind: 'NotifyError', ...whose, backend: 'unknown', channel, ...failure });
    }
    const told = await deliver(found.notifier, input);
    return told.ok ? told : err({ kind: 'NotifyError', ...whose, backend: found.backend, channel, ...told.error });
  };
}

async function sent(
  { dedupeKey, revision }: Alert,
  sending: Promise<Result<void, PluginFailure>>,
): Promise<Result<ToldAs, PluginFailure>> {
  const outcome = await sending;
  return outcome.ok ? ok({ dedupeKey, revision }) : outcome;
}
