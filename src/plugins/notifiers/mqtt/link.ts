import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from '../../../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../../domain/stage-error.ts';
import type { PluginContext } from '../../spec/plugin.ts';
import type { MqttConfig } from './config.ts';
import { type BrokerOptions, readBrokerOptions } from './connect-options.ts';
import { connectFailure, isVersionRefusal } from './failures.ts';
import { type Message, openSession, type Session } from './session.ts';

const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;
const GOODBYE_TIMEOUT_MS = 1000;
const NEVER: AbortSignal = new AbortController().signal;

type Availability = 'online' | 'offline';

/**
 * Keeps a connection to the broker from its first use until it is closed: tries again for ever, also when the first attempt was
 * refused, waiting 1 s to 30 s. Who needs the connection while it waits makes it try at once.
 */
export class BrokerLink {
  readonly #config: MqttConfig;
  readonly #context: PluginContext;
  readonly #clientId: string;
  #version: 4 | 5;
  #session: Session | undefined;
  #attempt: Promise<Result<Session, PluginFailure>> | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #failures = 0;
  #isKept = false;
  #isClosed = false;

  constructor(config: MqttConfig, context: PluginContext) {
    this.#config = config;
    this.#context = context;
    this.#clientId = config.client_id ?? `homesec-${randomBytes(6).toString('hex')}`;
    this.#version = config.protocol_version === '3.1.1' ? 4 : 5;
  }

  /** Connects from now on before there is need to, and tells who asks the broker that HomeSec is there. Comes first, or not at all. */
  keep(): void {
    this.#isKept = true;
    void this.connect();
  }

  /** The connection that stands, or the outcome of one attempt to get one; callers at the same time share it. */
  connect(): Promise<Result<Session, PluginFailure>> {
    if (this.#isClosed) return Promise.resolve(err(pluginFailure('NOTIFY_UNREACHABLE', 'the channel has been closed')));
    if (this.#session?.isOpen) return Promise.resolve(ok(this.#session));
    this.#attempt ??= this.#try().finally(() => {
      this.#attempt = undefined;
    });
    return this.#attempt;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#retryTimer);
    await this.#attempt;
    const session = this.#session;
    if (session === undefined) return;
    await this.#announce(session, 'offline');
    await session.end();
  }

  /** Who only tries the channel out has nothing to say of whether HomeSec is there: another process may be. */
  get #availabilityTopic(): string | null {
    return this.#isKept ? this.#config.availability_topic : null;
  }

  async #try(): Promise<Result<Session, PluginFailure>> {
    clearTimeout(this.#retryTimer);
    const read = await readBrokerOptions(this.#config, this.#context.readSecret);
    if (!read.ok) return this.#failed(read.error);
    const opened = await this.#open(read.value);
    if (!opened.ok) return this.#failed(connectFailure(read.value.broker, opened.error));
    this.#adopt(opened.value, read.value.broker);
    return opened;
  }

  async #open(options: BrokerOptions): Promise<Result<Session, Error>> {
    const opened = await openSession(options.broker, this.#withIdentity(options));
    const isTooNew = !opened.ok && this.#version === 5 && isVersionRefusal(opened.error);
    if (!isTooNew || this.#config.protocol_version !== 'auto') return opened;
    this.#version = 4;
    return openSession(options.broker, this.#withIdentity(options));
  }

  #withIdentity({ options }: BrokerOptions): BrokerOptions['options'] {
    const topic = this.#availabilityTopic;
    const will = topic === null ? {} : { will: { topic, payload: Buffer.from('offline'), qos: 1 as const, retain: true } };
    return { ...options, ...will, clientId: this.#clientId, protocolVersion: this.#version };
  }

  #adopt(session: Session, broker: string): void {
    this.#session = session;
    this.#failures = 0;
    this.#context.logger.info({ broker, protocol_version: this.#version }, 'connected to the MQTT broker');
    if (this.#config.tls?.insecure) {
      this.#context.logger.warn({ broker }, "tls.insecure is on: the MQTT broker's certificate is NOT checked");
    }
    void session.closed.then((reason) => {
      if (this.#session !== session) return;
      this.#session = undefined;
      if (this.#isClosed) return;
      this.#context.logger.warn({ broker, reason: reason.message }, 'lost the MQTT broker');
      this.#retryLater();
    });
    this.#presence(session);
  }

  /**
   * Says `online`, and says it again when `offline` appears though we are here: the last will of a connection of ours that
   * the broker found dead only now, or another HomeSec process that has gone.
   */
  #presence(session: Session): void {
    const topic = this.#availabilityTopic;
    if (topic === null || this.#isClosed) return;
    void this.#announce(session, 'online');
    session.listen(topic, (payload) => {
      if (payload === 'offline' && !this.#isClosed) void this.#announce(session, 'online');
    });
  }

  async #announce(session: Session, payload: Availability): Promise<void> {
    const topic = this.#availabilityTopic;
    if (topic === null) return;
    const message: Message = { topic, payload, contentType: 'text/plain', qos: 1, retain: true };
    const timeoutMs = payload === 'offline' ? GOODBYE_TIMEOUT_MS : this.#config.publish_timeout_s * 1000;
    const said = await session.publish(message, { timeoutMs, signal: NEVER });
    if (!said.ok) this.#context.logger.debug({ topic, error: said.error }, `could not announce ${payload}`);
  }

  #failed(failure: PluginFailure): Result<Session, PluginFailure> {
    const { logger } = this.#context;
    if (this.#failures === 0) logger.warn({ error: failure }, 'no MQTT broker; trying again until there is one');
    this.#failures += 1;
    this.#retryLater();
    return err(failure);
  }

  /** Never holds the process open. */
  #retryLater(): void {
    if (this.#isClosed) return;
    clearTimeout(this.#retryTimer);
    const ceilingMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.max(0, this.#failures - 1));
    this.#retryTimer = setTimeout(() => void this.connect(), ceilingMs * (0.5 + Math.random() / 2));
    this.#retryTimer.unref();
  }
}
