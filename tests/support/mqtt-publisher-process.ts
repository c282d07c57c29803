// A process of its own that holds a channel open: argv[2] is its config as JSON. Says `sent` and stays, or goes when
// argv[3] is `once`.
import { mqttNotifier } from '../../src/plugins/notifiers/mqtt/index.ts';
import { createTestContext } from './plugin-context.ts';
import { FULL_ALERT } from './sample-alert.ts';

const config = mqttNotifier.configSchema.parse(JSON.parse(process.argv[2] ?? ''));
const secrets = { MQTT_USER: process.env['MQTT_USER'] ?? '', MQTT_PASSWORD: process.env['MQTT_PASSWORD'] ?? '' };
const notifier = await mqttNotifier.create(config, createTestContext({ secrets }));
notifier.start();
const sent = await notifier.send(FULL_ALERT, new AbortController().signal);
console.log(sent.ok ? 'sent' : JSON.stringify(sent.error));
if (process.argv[3] === 'once') await notifier.close();
