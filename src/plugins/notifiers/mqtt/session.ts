import { connect, ErrorWithReasonCode, type IClientOptions, type IConnackPacket, type MqttClient } from 'mqtt';
import { err, ok, type Result } from '../../../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../../domain/stage-error.ts';
import { publishFailure } from './failures.ts';

/** Well below what brokers allow at once (mosquitto: 20); who exceeds it is cut off (MQTT 5.0, 4.9). */
const MAX_IN_FLIGHT = 10;
const GOODBYE_TIMEOUT_MS = 1000;
/** Of a packet, beside its topic and payload; rather too much. */
const HEADER_BYTES = 100;

export interface Message {
  readonly topic: string;
  /** Text, or the bytes of something else. */
  readonly payload: string | Uint8Array;
  readonly contentType: string;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
}

export interface PublishLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

interface Waiting {
  readonly message: Message;
  readonly settle: (result: Result<void, PluginFailure>) => void;
  isOver: boolean;
}

interface SessionFacts {
  readonly broker: string;
  readonly closed: Promise<Error>;
  /** What the broker takes at most (MQTT 5.0, 3.2.2.3.6). Who sends more is cut off. */
  readonly maxPacketBytes: number;
}

/**
 * One connection to a broker, from its acceptance to its end; it never reconnects. A client that does sends again, on its
 * own, what its caller has long been told has failed, and is about to repeat.
 */
export class Session {
  /** Settles when the connection has ended, with what the broker or the network gave as the reason. */
  readonly closed: Promise<Error>;
  readonly #client: MqttClient;
  readonly #broker: string;
  readonly #maxPacketBytes: number;
  readonly #queue: Waiting[] = [];
  readonly #unconfirmed = new Set<Waiting['settle']>();
  #inFlight = 0;
  #endedFor: Error | undefined;
  /** Set when the broker let a message wait in vain: then none that is on its way is confirmed any more. */
  #timedOut: PluginFailure | undefined;

  constructor(client: MqttClient, { broker, closed, maxPacketBytes }: SessionFacts) {
    this.#client = client;
    this.#broker = broker;
    this.#maxPacketBytes = maxPacketBytes;
    this.closed = closed;
    void closed.then((reason) => {
      this.#endedFor = reason;
      for (const settle of this.#unconfirmed) settle(err(this.#failureOf(reason)));
    });
  }

  get isOpen(): boolean {
    return this.#client.connected;
  }

  /** Resolves when the broker has acknowledged (QoS 1 and 2), or the message is on its way (QoS 0). Rejects when aborted. */
  async publish(message: Message, { timeoutMs, signal }: PublishLimits): Promise<Result<void, PluginFailure>> {
    signal.throwIfAborted();
    const sizeBytes = Buffer.byteLength(message.topic) + Buffer.byteLength(message.payload) + HEADER_BYTES;
    if (sizeBytes > this.#maxPacketBytes) {
      const limit = `broker ${this.#broker} takes no message of more than ${this.#maxPacketBytes} bytes`;
      return err(pluginFailure('NOTIFY_REJECTED', `${limit}; this one has about ${sizeBytes}`));
    }
    const { promise, resolve: settle, reject } = Promise.withResolvers<Result<void, PluginFailure>>();
    const waiting: Waiting = { message, settle, isOver: false };
    const timer = setTimeout(() => {
      this.#timedOut = pluginFailure('NOTIFY_TIMED_OUT', `broker ${this.#broker} did not acknowledge within ${timeoutMs} ms`);
      settle(err(this.#timedOut));
      // A half-open connection ends here, too, before its keepalive would notice.
      this.drop();
    }, timeoutMs);
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#unconfirmed.add(settle);
    if (this.#endedFor !== undefined) settle(err(this.#failureOf(this.#endedFor)));
    this.#queue.push(waiting);
    this.#pump();
    try {
      return await promise;
    } finally {
      waiting.isOver = true;
      this.#unconfirmed.delete(settle);
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Calls back with the payload of each message on the topic. That the broker refuses the subscription goes unnoticed. */
  listen(topic: string, onPayload: (payload: string) => void): void {
    this.#client.on('message', (from, payload) => {
      if (from === topic) onPayload(payload.toString());
    });
    this.#client.subscribe(topic, { qos: 1 }, () => {});
  }

  /** Ends the connection in good order: the broker discards the last will. */
  async end(): Promise<void> {
    const timer = setTimeout(() => this.drop(), GOODBYE_TIMEOUT_MS);
    this.#client.end();
    await this.closed;
    clearTimeout(timer);
  }

  /** Cuts the connection off: the broker publishes the last will. */
  drop(): void {
    this.#client.end(true);
    this.#client.stream.destroy();
  }

  #failureOf(error: Error): PluginFailure {
    return this.#timedOut ?? publishFailure(this.#broker, error);
  }

  #pump(): void {
    while (this.#inFlight < MAX_IN_FLIGHT) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      if (!next.isOver) this.#transmit(next);
    }
  }

  #transmit({ message, settle }: Waiting): void {
    const { topic, payload, contentType, qos, retain } = message;
    this.#inFlight += 1;
    const properties = { contentType, payloadFormatIndicator: typeof payload === 'string' };
    const bytes = Buffer.from(payload);
    this.#client.publish(topic, bytes, { qos, retain, properties }, (error) => {
      this.#inFlight -= 1;
      settle(error ? err(this.#failureOf(error)) : ok(undefined));
      this.#pump();
    });
  }
}

/** Connects once. The error is what the broker or the network said, as it was thrown. */
export async function openSession(broker: string, options: IClientOptions): Promise<Result<Session, Error>> {
  const client = startClient(options);
  if (!client.ok) return client;
  const { promise: closed, resolve: close } = Promise.withResolvers<Error>();
  let reason = new Error('the connection was closed');
  client.value.on('error', (error) => {
    reason = error;
  });
  client.value.on('disconnect', ({ reasonCode = 0 }) => {
    reason = new ErrorWithReasonCode(`disconnected by the broker with reason code ${reasonCode}`, reasonCode);
  });
  client.value.once('close', () => close(reason));
  const connected = new Promise<IConnackPacket>((resolve) => client.value.once('connect', resolve));
  const outcome = await Promise.race([connected, closed]);
  if (outcome instanceof Error) return err(outcome);
  const maxPacketBytes = outcome.properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY;
  return ok(new Session(client.value, { broker, closed, maxPacketBytes }));
}

/** A certificate or key that is no PEM makes the TLS layer throw at once. */
function startClient(options: IClientOptions): Result<MqttClient, Error> {
  try {
    // Its own debug log would show the password.
    return ok(connect({ ...options, clean: true, reconnectPeriod: 0, queueQoSZero: false, log: () => {} }));
  } catch (thrown) {
    return err(thrown instanceof Error ? thrown : new Error(String(thrown)));
  }
}
