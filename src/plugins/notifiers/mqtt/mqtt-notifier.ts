import type { Alert } from '../../../domain/alert.ts';
import { err, ok, type Result } from '../../../domain/result.ts';
import type { PluginFailure } from '../../../domain/stage-error.ts';
import type { Notifier } from '../../spec/notifier.ts';
import type { MqttConfig } from './config.ts';
import { stoppedFailure } from './failures.ts';
import type { BrokerLink } from './link.ts';
import { alertPayload } from './payload.ts';
import { topicOf } from './topic.ts';

/** Publishes alerts as JSON. Nothing is queued here: a send that fails leaves nothing behind, and Temporal repeats it. */
export class MqttNotifier implements Notifier {
  readonly #config: MqttConfig;
  readonly #link: BrokerLink;

  constructor(config: MqttConfig, link: BrokerLink) {
    this.#config = config;
    this.#link = link;
  }

  async send(alert: Alert, signal: AbortSignal): Promise<Result<void, PluginFailure>> {
    if (signal.aborted) return err(stoppedFailure(signal));
    const connected = await unlessAborted(this.#link.connect(), signal);
    if (!connected.ok) return connected;
    const { topic_template, qos, retain, publish_timeout_s } = this.#config;
    const message = {
      topic: topicOf(topic_template, alert),
      payload: alertPayload(alert),
      contentType: 'application/json',
      qos,
      retain,
    };
    return connected.value.publish(message, { timeoutMs: publish_timeout_s * 1000, signal });
  }

  async ping(): Promise<Result<void, PluginFailure>> {
    const connected = await this.#link.connect();
    return connected.ok ? ok(undefined) : connected;
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}

async function unlessAborted<T>(work: Promise<Result<T, PluginFailure>>, signal: AbortSignal): Promise<Result<T, PluginFailure>> {
  const { promise, resolve } = Promise.withResolvers<Result<T, PluginFailure>>();
  const onAbort = () => resolve(err(stoppedFailure(signal)));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
