import { ok, type Result } from '../../../domain/result.ts';
import type { PluginFailure } from '../../../domain/stage-error.ts';
import { alertJson } from '../../../kit/alert-json.ts';
import { unlessAborted } from '../../../kit/unless-aborted.ts';
import type { Notifier, OutgoingAlert } from '../../spec/notifier.ts';
import type { MqttConfig } from './config.ts';
import type { BrokerLink } from './link.ts';
import type { Session } from './session.ts';
import { topicOf, topicSafe } from './topic.ts';

/** Publishes alerts as JSON. Nothing is queued here: a send that fails leaves nothing behind, and Temporal repeats it. */
export class MqttNotifier implements Notifier {
  readonly #config: MqttConfig;
  readonly #link: BrokerLink;

  constructor(config: MqttConfig, link: BrokerLink) {
    this.#config = config;
    this.#link = link;
  }

  async send(alert: OutgoingAlert, signal: AbortSignal): Promise<Result<void, PluginFailure>> {
    signal.throwIfAborted();
    const connected = await unlessAborted(this.#link.connect(), signal);
    if (!connected.ok) return connected;
    const { topic_template, qos, retain, publish_timeout_s } = this.#config;
    const message = {
      topic: topicOf(topic_template, alert),
      payload: JSON.stringify(alertJson(alert)),
      contentType: 'application/json',
      qos,
      retain,
    };
    const sent = await connected.value.publish(message, { timeoutMs: publish_timeout_s * 1000, signal });
    if (sent.ok) this.#showAvailability(connected.value, alert);
    return sent;
  }

  /** For those who come later. The alert is out, and does not wait for this, which may fail. */
  #showAvailability(session: Session, { kind, cameraName }: OutgoingAlert): void {
    const { availability_topic, publish_timeout_s } = this.#config;
    if (availability_topic === null || (kind !== 'camera_offline' && kind !== 'camera_online')) return;
    const topic = `${availability_topic}/${topicSafe(cameraName)}`;
    const payload = kind === 'camera_offline' ? 'offline' : 'online';
    const limits = { timeoutMs: publish_timeout_s * 1000, signal: new AbortController().signal };
    void session.publish({ topic, payload, contentType: 'text/plain', qos: 1, retain: true }, limits);
  }

  async ping(): Promise<Result<void, PluginFailure>> {
    const connected = await this.#link.connect();
    return connected.ok ? ok(undefined) : connected;
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}
