import { Context } from '@temporalio/activity';
import type { Activities } from '../src/domain/activities.ts';
import { err } from '../src/domain/result.ts';
import { pluginFailure } from '../src/domain/stage-error.ts';
import type { Notifier } from '../src/plugins/spec/notifier.ts';

/** A configured notification channel, ready to send. */
export interface Channel {
  readonly backend: string;
  readonly notifier: Notifier;
}

export function createSendNotification(channels: ReadonlyMap<string, Channel>): Activities['sendNotification'] {
  return async ({ channel, alert }) => {
    const whose = 'clipId' in alert ? { clipId: alert.clipId } : {};
    const found = channels.get(channel);
    if (found === undefined) {
      const failure = pluginFailure('CHANNEL_UNKNOWN', `no notification channel is called ${JSON.stringify(channel)}`);
      return err({ kind: 'NotifyError', ...whose, backend: 'unknown', channel, ...failure });
    }
    const sent = await found.notifier.send(alert, Context.current().cancellationSignal);
    return sent.ok ? sent : err({ kind: 'NotifyError', ...whose, backend: found.backend, channel, ...sent.error });
  };
}
