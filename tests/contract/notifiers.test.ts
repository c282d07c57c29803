import { z } from 'zod';
import { mqttNotifier } from '../../src/plugins/notifiers/mqtt/index.ts';
import { ntfyNotifier } from '../../src/plugins/notifiers/ntfy/index.ts';
import { sendgridEmailNotifier } from '../../src/plugins/notifiers/sendgrid-email/index.ts';
import { smtpNotifier } from '../../src/plugins/notifiers/smtp/index.ts';
import { webhookNotifier } from '../../src/plugins/notifiers/webhook/index.ts';
import { RecordingNotifier } from '../fakes/recording-notifier.ts';
import { startAedes } from '../support/aedes-broker.ts';
import { openHttpReceiver, type ReceivedRequest } from '../support/http-receiver.ts';
import { NTFY_SERVER, SENDGRID_SERVER } from '../support/http-services.ts';
import { openMailReceiver } from '../support/mail-receiver.ts';
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
    notifier: await mqttNotifier.create(config, createTestContext()),
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

const MAIL = { from_email: 'homesec@house.example', to_emails: ['owner@house.example'] };
const identityOf = (header: unknown): Delivered => wireSchema.parse(JSON.parse(z.string().parse(header)));

describeNotifier('smtp', async () => {
  const server = await openMailReceiver();
  const config = smtpNotifier.configSchema.parse({ host: '127.0.0.1', port: server.port, security: 'none', ...MAIL });
  return {
    notifier: await smtpNotifier.create(config, createTestContext()),
    delivered: () => server.mails.map(({ headers }) => identityOf(headers.get('x-homesec-alert'))),
    goAway: server.close,
    dispose: server.close,
  };
});

describeNotifier('sendgrid_email', async () => {
  const server = await openHttpReceiver(SENDGRID_SERVER);
  const bodySchema = z.object({ headers: z.object({ 'X-HomeSec-Alert': z.string() }) });
  const config = sendgridEmailNotifier.configSchema.parse({ api_base: server.origin, ...MAIL });
  return {
    notifier: await sendgridEmailNotifier.create(config, createTestContext({ secrets: { SENDGRID_API_KEY: 'SG.key' } })),
    delivered: () =>
      posted(server.accepted).map(({ body }) =>
        identityOf(bodySchema.parse(JSON.parse(body.toString())).headers['X-HomeSec-Alert']),
      ),
    goAway: server.close,
    dispose: server.close,
  };
});

describeNotifier('webhook', async () => {
  const server = await openHttpReceiver();
  const config = webhookNotifier.configSchema.parse({ url: `${server.origin}/alerts` });
  return {
    notifier: webhookNotifier.create(config, createTestContext()),
    delivered: () => posted(server.accepted).map(({ body }) => wireSchema.parse(JSON.parse(body.toString()))),
    goAway: server.close,
    dispose: server.close,
  };
});

describeNotifier('ntfy', async () => {
  const server = await openHttpReceiver(NTFY_SERVER);
  const config = ntfyNotifier.configSchema.parse({ server: server.origin, topic: 'house' });
  return {
    notifier: ntfyNotifier.create(config, createTestContext()),
    delivered: () => posted(server.accepted).map(({ headers }) => identityOf(headers['x-homesec-alert'])),
    goAway: server.close,
    dispose: server.close,
  };
});

const posted = (requests: readonly ReceivedRequest[]): readonly ReceivedRequest[] =>
  requests.filter(({ method }) => method !== 'GET');

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
