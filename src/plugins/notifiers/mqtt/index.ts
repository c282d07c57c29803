import { definePlugin } from '../../spec/plugin.ts';
import { configSchema } from './config.ts';

/** Announces alerts over MQTT. */
export const mqttNotifier = definePlugin({
  kind: 'notifier',
  backend: 'mqtt',
  configSchema,
  create: async (config, context) => {
    const [{ MqttNotifier }, { BrokerLink }] = await Promise.all([import('./mqtt-notifier.ts'), import('./link.ts')]);
    return new MqttNotifier(config, new BrokerLink(config, context), context.logger);
  },
});
