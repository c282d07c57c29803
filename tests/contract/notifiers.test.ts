import { z } from 'zod';
import { mqttNotifier } from '../../src/plugins/notifiers/mqtt/index.ts';
import { RecordingNotifier } from '../fakes/recording-notifier.ts';
import { startAedes } from '../support/aedes-broker.ts';
import { type Broker, startMosquitto, subscribe } from '../support/mqtt-brokers.ts';
import { createTestContext } from '../support/plugin-context.ts';
import { type Delivered, describeNotifier, type NotifierSetup } from './notifier.contract.ts';

const wireSchema = z
  .object({ dedupe_key: z.string(), revision: z.number(), camera_name: z.string() })
  .transform((wire): Delivered => ({ dedupeKey: wire.dedupe_key, revision: wire.revision, cameraName: wire.camera_name }));

const parseLine = (line: string): Delivered => wireSchema.parse(JSON.parse(line.slice(line.indexOf('{"'))));

async function mqttSetup(broker: Broker, qos: number): Promise<NotifierSetup> {
  const subscriber = await subscribe(broker.port, 'homecam/#').catch(async (error: unknown) => {
    await broker.kill();
    throw error;
  });
  const config = mqttNotifier.configSchema.parse({ host: broker.host, port: broker.port, qos });
  return {
    notifier: mqttNotifier.create(config, createTestContext()),
    delivered: () => subscriber.lines.map(parseLine),
    goAway: () => broker.kill(),
    dispose: async () => {
      await subscriber.stop();
      await broker.kill();
    },
  };
}

describeNotifier('mqtt on mosquitto', async () => mqttSetup(await startMosquitto(['allow_anonymous true']), 1));
describeNotifier('mqtt on mosquitto with QoS 2', async () => mqttSetup(await startMosquitto(['allow_anonymous true']), 2));
describeNotifier('mqtt on aedes', async () => mqttSetup(await startAedes(), 1));

describeNotifier('recording', async () => {
  const notifier = new RecordingNotifier();
  return {
    notifier,
    delivered: () =>
      notifier.sent.map(({ dedupeKey, revision, cameraName }) => ({
        dedupeKey,
        revision,
        cameraName,
      })),
    goAway: async () => notifier.failWith({ code: 'NOTIFY_UNREACHABLE', message: 'away', causes: [] }),
    dispose: async () => {},
  };
});
