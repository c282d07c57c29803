import { describe, expect, test } from 'vitest';
import type { Alert } from '../../../src/domain/alert.ts';
import { startAedes } from '../../support/aedes-broker.ts';
import { type Subscriber, startMosquitto, subscribe } from '../../support/mqtt-brokers.ts';
import { createChannel, useCleanup } from '../../support/mqtt-channel.ts';
import { BARE_ALERT, FULL_ALERT, OFFLINE_ALERT, ONLINE_ALERT } from '../../support/sample-alert.ts';
import { waitUntil } from '../../support/wait-until.ts';

const FULL_JSON =
  '{"clip_id":"20261123T022700123Z-front-door-1f3a5c7e9b2d","camera_name":"Front Door",' +
  '"storage_uri":"local:clips/front_door/clip.mp4","view_url":"https://homesec.example/clips/1",' +
  '"risk_level":"high","activity_type":"suspicious_behavior","notify_reason":"risk_level=high",' +
  '"summary":"Jemand rüttelt an der Tür. 🚪 \\"Hallo?\\"",' +
  '"analysis":{"sequence_description":"Jemand rüttelt an der Tür.","max_risk_level":"high",' +
  '"primary_activity":"suspicious_behavior","observations":["hood up"],' +
  '"entities_timeline":[{"type":"person","first_seen_timestamp":"00:00:01.50","last_seen_timestamp":"00:00:08.00",' +
  '"description":"adult in a dark hood","movement":"left to right","location":"porch","interaction":"door handle"}],' +
  '"requires_review":true,"frame_count":12,"video_start_time":"00:00:00.00","video_end_time":"00:00:10.00"},' +
  '"ts":"2026-11-23T02:27:14.020Z","dedupe_key":"20261123T022700123Z-front-door-1f3a5c7e9b2d",' +
  '"upload_failed":false,"vlm_failed":false,"revision":1,"recorded_start_at":"2026-11-23T02:27:00.123Z",' +
  '"duration_ms":10000,"detected_classes":["person","dog"],"unverified":false,"delayed":false}';
const BARE_JSON =
  '{"clip_id":"20261123T022700123Z-front-door-1f3a5c7e9b2d","camera_name":"Front Door","storage_uri":null,"view_url":null,' +
  '"risk_level":null,"activity_type":null,"notify_reason":"unverified_filter_failed","summary":null,"analysis":null,' +
  '"ts":"2026-11-23T02:28:00.000Z","dedupe_key":"20261123T022700123Z-front-door-1f3a5c7e9b2d",' +
  '"upload_failed":true,"vlm_failed":true,"revision":1,"recorded_start_at":"2026-11-23T02:27:00.123Z",' +
  '"duration_ms":10000,"detected_classes":[],"unverified":true,"delayed":true}';

describe('what a subscriber receives', () => {
  const cleanup = useCleanup();

  async function watched(config: Record<string, unknown> = {}, topic = 'homecam/#') {
    const broker = await startMosquitto(['allow_anonymous true']);
    cleanup(broker.kill);
    const subscriber = await subscribed(broker.port, topic);
    const { notifier } = await createChannel({ host: broker.host, port: broker.port, ...config });
    cleanup(() => notifier.close());
    return { broker, subscriber, notifier };
  }
  async function subscribed(port: number, topic: string): Promise<Subscriber> {
    const subscriber = await subscribe(port, topic);
    cleanup(subscriber.stop);
    return subscriber;
  }
  const received = async ({ lines }: Subscriber, count: number): Promise<readonly string[]> => {
    await waitUntil(`${count} messages`, () => lines.length >= count);
    return lines;
  };

  test('is the alert byte by byte, with null for what is not known', async () => {
    // Given
    const { subscriber, notifier } = await watched();
    // When
    await notifier.send(FULL_ALERT, signal());
    await notifier.send(BARE_ALERT, signal());
    // Then
    const topic = 'homecam/alerts/Front Door 0';
    expect(await received(subscriber, 2)).toEqual([`${topic} ${FULL_JSON}`, `${topic} ${BARE_JSON}`]);
  });

  test('goes to a topic of its own when it is an update, so that automations fire once', async () => {
    // Given a subscriber to the alert's topic alone, and one to all
    const { broker, subscriber, notifier } = await watched({}, 'homecam/alerts/+');
    const everything = await subscribed(broker.port, 'homecam/#');
    // When
    for (const revision of [1, 2, 3]) await notifier.send({ ...BARE_ALERT, revision }, signal());
    // Then
    const topics = (await received(everything, 3)).map((line) => line.slice(0, line.indexOf(' 0 {')));
    const alert = 'homecam/alerts/Front Door';
    expect(topics).toEqual([alert, `${alert}/update`, `${alert}/update`]);
    expect(subscriber.lines.length).toBe(1);
  });

  test('goes to a topic of its own when it is of the camera, so that automations for clips stay quiet', async () => {
    // Given a subscriber to alerts of clips with their updates, and one to all
    const { broker, subscriber, notifier } = await watched({}, 'homecam/alerts/+');
    const updates = await subscribed(broker.port, 'homecam/alerts/+/update');
    const everything = await subscribed(broker.port, 'homecam/#');
    // When
    for (const alert of [OFFLINE_ALERT, ONLINE_ALERT, BARE_ALERT]) await notifier.send(alert, signal());
    // Then
    const topic = 'homecam/alerts/Front Door';
    const key = OFFLINE_ALERT.dedupeKey;
    expect(await received(everything, 3)).toEqual([
      `${topic}/camera 0 {"kind":"camera_offline","camera_name":"Front Door","ts":"2026-11-23T02:27:00.000Z",` +
        `"since":"2026-11-23T02:26:00.000Z","offline_since":null,"reason":"connection refused","dedupe_key":"${key}","revision":1}`,
      `${topic}/camera 0 {"kind":"camera_online","camera_name":"Front Door","ts":"2026-11-23T02:31:00.000Z",` +
        `"since":"2026-11-23T02:30:59.000Z","offline_since":"2026-11-23T02:26:00.000Z","reason":null,"dedupe_key":"${key}","revision":2}`,
      `${topic} 0 ${BARE_JSON}`,
    ]);
    expect(await received(subscriber, 1)).toEqual([`${topic} 0 ${BARE_JSON}`]);
    expect(updates.lines).toEqual([]);
  });

  test.each([
    ['a/b+c#d', 'a_b_c_d'],
    ['../$SYS/#', '.._$SYS__'],
    ['nul\0tab\t', 'nul_tab_'],
    ['$& $1', '_& $1'],
  ])('comes on one level below the template for the camera %j', async (cameraName, level) => {
    // Given
    const { subscriber, notifier } = await watched();
    const alert: Alert = { ...BARE_ALERT, cameraName };
    // When
    await notifier.send(alert, signal());
    // Then the topic is safe, and the payload has the name as it is
    const [line = ''] = await received(subscriber, 1);
    expect(line).toMatch(/^homecam\/alerts\/[^/]+ 0 \{/);
    expect(line.startsWith(`homecam/alerts/${level} 0 {`)).toBe(true);
    expect(JSON.parse(line.slice(line.indexOf('{"')))).toMatchObject({ camera_name: cameraName });
  });

  test('is kept by the broker only when so configured', async () => {
    // Given two channels on one broker
    const { broker, notifier: fleeting } = await watched({ topic_template: 'fleeting' });
    const { notifier: lasting } = await createChannel({
      host: broker.host,
      port: broker.port,
      topic_template: 'lasting',
      retain: true,
    });
    cleanup(() => lasting.close());
    // When
    await fleeting.send(BARE_ALERT, signal());
    await lasting.send(BARE_ALERT, signal());
    // Then one who comes later sees the retained one alone
    const late = await subscribe(broker.port, 'lasting', ['-t', 'fleeting']);
    cleanup(late.stop);
    expect(await received(late, 1)).toEqual([`lasting 1 ${BARE_JSON}`]);
  });

  test('shows what a camera was told to be also to those who come later', async () => {
    // Given one who listens to what is retained, and a channel that keeps nothing
    const { broker, subscriber, notifier } = await watched({}, 'homesec/availability/+');
    const bare = await createChannel({ host: broker.host, port: broker.port, availability_topic: null });
    cleanup(() => bare.notifier.close());
    // When
    for (const alert of [OFFLINE_ALERT, { ...OFFLINE_ALERT, cameraName: 'a/b' }, ONLINE_ALERT])
      await notifier.send(alert, signal());
    await bare.notifier.send({ ...OFFLINE_ALERT, cameraName: 'bare' }, signal());
    // Then
    const topic = 'homesec/availability';
    expect(await received(subscriber, 3)).toEqual([
      `${topic}/Front Door 0 offline`,
      `${topic}/a_b 0 offline`,
      `${topic}/Front Door 0 online`,
    ]);
    const late = await subscribed(broker.port, `${topic}/+`);
    expect((await received(late, 2)).toSorted()).toEqual([`${topic}/Front Door 1 online`, `${topic}/a_b 1 offline`]);
  });

  test('has the picture on a topic of its own, where the owner wants it', async () => {
    // Given one who listens to pictures as hex, and two channels of which one shows them
    const { broker, notifier } = await watched({ snapshot: true });
    const pictures = await subscribe(broker.port, 'homecam/alerts/+/snapshot', ['-F', '%t %r %x']);
    cleanup(pictures.stop);
    const { notifier: silent } = await createChannel({ host: broker.host, port: broker.port });
    cleanup(() => silent.close());
    // When
    const snapshot = Uint8Array.from([0xff, 0xd8, 0x00, 0xff, 0xd9]);
    await silent.send({ ...FULL_ALERT, snapshot }, signal());
    for (const revision of [1, 2]) await notifier.send({ ...FULL_ALERT, revision, snapshot }, signal());
    await notifier.send(BARE_ALERT, signal());
    // Then an alert and its update have the same
    const picture = 'homecam/alerts/Front Door/snapshot 0 ffd800ffd9';
    expect(await received(pictures, 2)).toEqual([picture, picture]);
  });

  test('is not held up by a picture that the broker would cut the connection for', async () => {
    // Given a broker that takes small packets only
    const broker = await startMosquitto(['allow_anonymous true', 'max_packet_size 4000']);
    cleanup(broker.kill);
    const subscriber = await subscribed(broker.port, '#');
    const { notifier, context } = await createChannel({ host: broker.host, port: broker.port, snapshot: true });
    cleanup(() => notifier.close());
    // When
    const sent = [await notifier.send({ ...FULL_ALERT, snapshot: new Uint8Array(10_000) }, signal())];
    sent.push(await notifier.send({ ...BARE_ALERT, summary: 'x'.repeat(5_000) }, signal()));
    sent.push(await notifier.send(BARE_ALERT, signal()));
    // Then what is small has come over a connection that stood, and an alert that never can is told of
    expect(sent).toMatchObject([{ ok: true }, { ok: false, error: { code: 'NOTIFY_REJECTED' } }, { ok: true }]);
    const topics = (await received(subscriber, 3)).map((line) => line.replace(/ [01] \{.*/, ''));
    expect(topics).toEqual(['homesec/availability 0 online', 'homecam/alerts/Front Door', 'homecam/alerts/Front Door']);
    const warned = context.lines.filter(({ level }) => level === 'warn');
    expect(warned).toMatchObject([{ fields: { topic: 'homecam/alerts/Front Door/snapshot' } }]);
  });

  test.each([0, 1, 2])('is published with QoS %i when so configured', async (qos) => {
    // Given a broker that tells how it was given a message
    const broker = await startAedes();
    cleanup(broker.kill);
    const { notifier } = await createChannel({ host: broker.host, port: broker.port, qos });
    cleanup(() => notifier.close());
    // When
    const sent = await notifier.send(BARE_ALERT, signal());
    // Then
    expect(sent).toEqual({ ok: true, value: undefined });
    await waitUntil('the message', () => broker.alertQos().length > 0);
    expect(broker.alertQos()).toEqual([qos]);
  });
});

const signal = (): AbortSignal => new AbortController().signal;
