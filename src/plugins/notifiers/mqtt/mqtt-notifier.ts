import { isCameraAlert } from '../../../domain/alert.ts';
import { ok, type Result } from '../../../domain/result.ts';
import type { PluginFailure } from '../../../domain/stage-error.ts';
import { alertJson } from '../../../kit/alert-json.ts';
import { unlessAborted } from '../../../kit/unless-aborted.ts';
import type { Notifier, OutgoingAlert } from '../../spec/notifier.ts';
import type { Logger } from '../../spec/plugin.ts';
import type { MqttConfig } from './config.ts';
import type { BrokerLink } from './link.ts';
import type { Message, Session } from './session.ts';
import { snapshotTopicOf, topicOf, topicSafe } from './topic.ts';

/** Publishes alerts as JSON. Nothing is queued here: a send that fails leaves nothing behind, and Temporal repeats it. */
export class MqttNotifier implements Notifier {
  readonly showsPictures: boolean;
  readonly #config: MqttConfig;
  readonly #link: BrokerLink;
  readonly #logger: Logger;

  constructor(config: MqttConfig, link: BrokerLink, logger: Logger) {
    this.showsPictures = config.snapshot;
    this.#config = config;
    this.#link = link;
    this.#logger = logger;
  }

  start(): void {
    this.#link.keep();
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
    if (!sent.ok) return sent;
    this.#showAvailability(connected.value, alert);
    this.#showSnapshot(connected.value, alert);
    return sent;
  }

  /** For those who come later. The alert is out, and does not wait for this, which may fail. */
  #showAvailability(session: Session, alert: OutgoingAlert): void {
    const { availability_topic } = this.#config;
    if (availability_topic === null || !isCameraAlert(alert)) return;
    const topic = `${availability_topic}/${topicSafe(alert.cameraName)}`;
    const payload = alert.kind === 'camera_offline' ? 'offline' : 'online';
    this.#show(session, { topic, payload, contentType: 'text/plain', qos: 1, retain: true });
  }

  /** After the alert, since a broker may refuse what is so large. */
  #showSnapshot(session: Session, alert: OutgoingAlert): void {
    const { snapshot, topic_template, qos, retain } = this.#config;
    if (!snapshot || isCameraAlert(alert) || alert.snapshot === undefined) return;
    const topic = snapshotTopicOf(topic_template, alert);
    this.#show(session, { topic, payload: alert.snapshot, contentType: 'image/jpeg', qos, retain });
  }

  #show(session: Session, message: Message): void {
    const limits = { timeoutMs: this.#config.publish_timeout_s * 1000, signal: new AbortController().signal };
    void session.publish(message, limits).then((shown) => {
      const { topic } = message;
      if (!shown.ok) this.#logger.warn({ topic, error: shown.error }, 'the MQTT broker did not take what goes beside an alert');
    });
  }

  async ping(): Promise<Result<void, PluginFailure>> {
    const connected = await this.#link.connect();
    return connected.ok ? ok(undefined) : connected;
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}
