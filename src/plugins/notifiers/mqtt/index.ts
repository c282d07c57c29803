import { definePlugin } from '../../spec/plugin.ts';
import { configSchema } from './config.ts';
import { BrokerLink } from './link.ts';
import { MqttNotifier } from './mqtt-notifier.ts';

/** Announces alerts over MQTT. */
export const mqttNotifier = definePlugin({
  kind: 'notifier',
  backend: 'mqtt',
  configSchema,
  create: (config, context) => new MqttNotifier(config, new BrokerLink(config, context), context.logger),
});
