import { Context } from '@temporalio/activity';
import type { Activities } from '../src/domain/activities.ts';
import type { Alert } from '../src/domain/alert.ts';
import { err } from '../src/domain/result.ts';
import { pluginFailure } from '../src/domain/stage-error.ts';
import type { Notifier, OutgoingAlert } from '../src/plugins/spec/notifier.ts';
import type { Storage } from '../src/plugins/spec/storage.ts';

/** A configured notification channel, ready to send. */
export interface Channel {
  readonly backend: string;
  readonly notifier: Notifier;
}

export interface NotifyDeps {
  readonly channels: ReadonlyMap<string, Channel>;
  readonly storage: Pick<Storage, 'viewUrl'>;
}

export function createSendNotification({ channels, storage }: NotifyDeps): Activities['sendNotification'] {
  return async ({ channel, alert }) => {
    const whose = 'clipId' in alert ? { clipId: alert.clipId } : {};
    const found = channels.get(channel);
    if (found === undefined) {
      const failure = pluginFailure('CHANNEL_UNKNOWN', `no notification channel is called ${JSON.stringify(channel)}`);
      return err({ kind: 'NotifyError', ...whose, backend: 'unknown', channel, ...failure });
    }
    const { cancellationSignal } = Context.current();
    const sent = await found.notifier.send(await outgoing(storage, alert, cancellationSignal), cancellationSignal);
    return sent.ok ? sent : err({ kind: 'NotifyError', ...whose, backend: found.backend, channel, ...sent.error });
  };
}

/** Longest that a delivery waits for what only adorns it. */
const ADORN_WITHIN_MS = 5_000;

/** Links are secrets that expire: made here, at the last moment, they stand in no history. An alert without one goes out too. */
async function outgoing(storage: NotifyDeps['storage'], alert: Alert, cancelled: AbortSignal): Promise<OutgoingAlert> {
  if (!('storageKey' in alert) || alert.storageKey === undefined || storage.viewUrl === undefined) return alert;
  const signal = AbortSignal.any([cancelled, AbortSignal.timeout(ADORN_WITHIN_MS)]);
  const linked = await storage.viewUrl(alert.storageKey, { signal, onProgress: () => undefined }).catch(() => undefined);
  return linked?.ok === true && linked.value !== undefined ? { ...alert, viewUrl: linked.value } : alert;
}
