import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { mqttNotifier } from '../../../src/plugins/notifiers/mqtt/index.ts';
import { startAedes } from '../../support/aedes-broker.ts';
import { freePort, publish, type Subscriber, startMosquitto, subscribe } from '../../support/mqtt-brokers.ts';
import { createChannel, useCleanup } from '../../support/mqtt-channel.ts';
import { createTestContext } from '../../support/plugin-context.ts';
import { BARE_ALERT, FULL_ALERT } from '../../support/sample-alert.ts';
import { type SilentBrokerBehaviour, startSilentBroker } from '../../support/silent-broker.ts';
import { waitUntil } from '../../support/wait-until.ts';

const PUBLISHER = fileURLToPath(new URL('../../support/mqtt-publisher-process.ts', import.meta.url));

describe('when the broker is away', () => {
  const cleanup = useCleanup();
  const channel = async (port: number, config: Record<string, unknown> = {}) => {
    const made = await createChannel({ host: '127.0.0.1', port, ...config });
    cleanup(() => made.notifier.close());
    return made;
  };
  const mosquitto = async (port?: number) => {
    const broker = await startMosquitto(['allow_anonymous true'], port);
    cleanup(broker.kill);
    return broker;
  };
  const listen = async (port: number, topic: string): Promise<Subscriber> => {
    const subscriber = await subscribe(port, topic);
    cleanup(subscriber.stop);
    return subscriber;
  };
  const silent = async (behaviour: SilentBrokerBehaviour) => {
    const broker = await startSilentBroker(behaviour);
    cleanup(broker.kill);
    return broker;
  };

  test('a send fails at once, and the channel finds a broker that comes later without being asked', async () => {
    // Given a channel whose first connection is refused
    const port = await freePort();
    const { notifier, context } = await channel(port);
    const refused = await notifier.send(BARE_ALERT, signal());
    expect(refused).toMatchObject({ ok: false, error: { code: 'NOTIFY_UNREACHABLE', causes: [{ code: 'ECONNREFUSED' }] } });
    // When the broker comes
    await mosquitto(port);
    const subscriber = await listen(port, '#');
    // Then the channel is there by itself, says so, and has not sent what had failed
    await waitUntil('presence', () => subscriber.lines.some((line) => line.endsWith('online')));
    expect(subscriber.lines.filter((line) => line.includes('alerts'))).toEqual([]);
    expect(await notifier.send(FULL_ALERT, signal())).toMatchObject({ ok: true });
    expect(context.lines.filter(({ level }) => level === 'warn').length).toBe(1);
  });

  test('a broker that was killed and is back is found again, and a send between is told', async () => {
    // Given a channel that has delivered
    const first = await mosquitto();
    const { notifier } = await channel(first.port);
    await notifier.send(BARE_ALERT, signal());
    // When the broker dies
    await first.kill();
    const between = await notifier.send({ ...BARE_ALERT, dedupeKey: 'between' }, signal());
    // Then
    expect(between).toMatchObject({ ok: false, error: { code: 'NOTIFY_UNREACHABLE' } });
    // When it is back
    await mosquitto(first.port);
    const subscriber = await listen(first.port, '#');
    await waitUntil('presence', () => subscriber.lines.some((line) => line.endsWith('online')));
    // Then a send goes through, and the failed one was not sent behind our back
    expect(await notifier.send({ ...BARE_ALERT, dedupeKey: 'after' }, signal())).toMatchObject({ ok: true });
    await waitUntil('the alert', () => subscriber.lines.some((line) => line.includes('"dedupe_key":"after"')));
    expect(subscriber.lines.filter((line) => line.includes('"dedupe_key":"between"'))).toEqual([]);
  });

  test('the embedded broker stopping and starting is survived, too', async () => {
    // Given
    const first = await startAedes();
    cleanup(first.kill);
    const { notifier } = await channel(first.port);
    await notifier.send(BARE_ALERT, signal());
    // When
    await first.kill();
    const second = await startAedes(first.port);
    cleanup(second.kill);
    // Then: an alert never waits for the next attempt of the background
    await waitUntil('a send that works', async () => (await notifier.send(BARE_ALERT, signal())).ok);
    expect(second.alertQos()).toEqual([1]);
  });

  test('an acknowledgement that never comes is NOTIFY_TIMED_OUT, and the alert is not sent again on the next connection', async () => {
    // Given a server that takes everything and acknowledges nothing
    const broker = await silent({ answers: 'no_ack' });
    const { notifier } = await channel(broker.port, { publish_timeout_s: 0.3 });
    // When
    const sent = await notifier.send(FULL_ALERT, signal());
    // Then
    expect(sent).toMatchObject({ ok: false, error: { code: 'NOTIFY_TIMED_OUT' } });
    await waitUntil('two more connections', () => broker.connections() >= 3);
    expect(broker.published('homecam/alerts')).toBe(1);
  });

  test('a connection that breaks before the acknowledgement is told, and the alert is not sent again by itself', async () => {
    // Given
    const broker = await silent({ answers: 'hang_up' });
    const { notifier } = await channel(broker.port, { publish_timeout_s: 12, availability_topic: null });
    // When
    const sent = await notifier.send(FULL_ALERT, signal());
    // Then
    expect(sent).toMatchObject({ ok: false, error: { code: 'NOTIFY_UNREACHABLE' } });
    await waitUntil('a new connection', () => broker.connections() >= 2);
    expect(await notifier.ping()).toMatchObject({ ok: true });
    expect(broker.published('homecam/alerts')).toBe(1);
  });

  test('a server that never answers is NOTIFY_UNREACHABLE after the connection timeout', async () => {
    // Given
    const broker = await silent({ answers: 'nothing' });
    const { notifier } = await channel(broker.port, { connection_timeout_s: 0.3 });
    // When
    const sent = await notifier.send(FULL_ALERT, signal());
    // Then
    expect(sent).toMatchObject({ ok: false, error: { code: 'NOTIFY_UNREACHABLE' } });
  });

  test.each(['nothing', 'no_ack'] as const)('a cancelled send returns at once from a server that answers %s', async (answers) => {
    // Given a send that waits
    const broker = await silent({ answers });
    const { notifier } = await channel(broker.port, { connection_timeout_s: 12, publish_timeout_s: 12 });
    const controller = new AbortController();
    const sending = notifier.send(FULL_ALERT, controller.signal);
    if (answers === 'no_ack') await waitUntil('the alert', () => broker.published('homecam/alerts') === 1);
    // When
    const reason = new Error('called off');
    controller.abort(reason);
    // Then
    await expect(sending).rejects.toBe(reason);
    // The channel closes although the server still says nothing.
    await broker.kill();
  });
});

describe('the availability topic', () => {
  const cleanup = useCleanup();

  async function watched() {
    const broker = await startMosquitto(['allow_anonymous true']);
    cleanup(broker.kill);
    const subscriber = await subscribe(broker.port, 'homesec/availability');
    cleanup(subscriber.stop);
    const says = (word: string) => waitUntil(word, () => subscriber.lines.at(-1)?.endsWith(word) === true);
    return { broker, subscriber, says };
  }

  test('says online from the start and offline after the close, to those who come later, too', async () => {
    // Given
    const { broker, says } = await watched();
    // When
    const { notifier } = await createChannel({ host: broker.host, port: broker.port });
    cleanup(() => notifier.close());
    // Then
    await says('online');
    // When
    await notifier.close();
    // Then
    await says('offline');
    const late = await subscribe(broker.port, 'homesec/availability');
    cleanup(late.stop);
    await waitUntil('the retained message', () => late.lines.length > 0);
    expect(late.lines).toEqual(['homesec/availability 1 offline']);
  });

  test('says offline when the process is killed', async () => {
    // Given a process that holds a channel open
    const { broker, says } = await watched();
    const config = JSON.stringify({ host: broker.host, port: broker.port });
    const child = spawn(process.execPath, [PUBLISHER, config], { stdio: ['ignore', 'pipe', 'inherit'] });
    cleanup(async () => child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    await says('online');
    // When
    child.kill('SIGKILL');
    // Then the last will speaks
    await says('offline');
  });

  test('says online again when the last will of another one says offline', async () => {
    // Given a channel that is there
    const { broker, subscriber, says } = await watched();
    const { notifier } = await createChannel({ host: broker.host, port: broker.port });
    cleanup(() => notifier.close());
    await notifier.ping();
    await says('online');
    // When
    await publish(broker.port, 'homesec/availability', 'offline');
    // Then
    await waitUntil('the correction', () => subscriber.lines.filter((line) => line.endsWith('online')).length >= 2);
    expect(subscriber.lines.at(-1)).toBe('homesec/availability 0 online');
  });

  test('is not touched by one that is only tried out, while another is there', async () => {
    // Given
    const { broker, subscriber, says } = await watched();
    const { notifier } = await createChannel({ host: broker.host, port: broker.port });
    cleanup(() => notifier.close());
    await says('online');
    // When
    const tried = await mqttNotifier.create(
      mqttNotifier.configSchema.parse({ host: broker.host, port: broker.port }),
      createTestContext(),
    );
    const outcomes = [await tried.ping(), await tried.send(BARE_ALERT, signal())];
    await tried.close();
    // Then
    expect(outcomes).toMatchObject([{ ok: true }, { ok: true }]);
    await publish(broker.port, 'homesec/availability', 'end of test');
    await says('end of test');
    expect(subscriber.lines).toEqual(['homesec/availability 0 online', 'homesec/availability 0 end of test']);
  });

  test('is not touched when it is switched off', async () => {
    // Given
    const { broker, subscriber } = await watched();
    const { notifier } = await createChannel({ host: broker.host, port: broker.port, availability_topic: null });
    cleanup(() => notifier.close());
    // When
    await notifier.send(BARE_ALERT, signal());
    await notifier.close();
    await publish(broker.port, 'homesec/availability', 'end of test');
    // Then
    await waitUntil('the end', () => subscriber.lines.length > 0);
    expect(subscriber.lines).toEqual(['homesec/availability 0 end of test']);
  });
});

const signal = (): AbortSignal => new AbortController().signal;
