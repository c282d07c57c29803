import { connectAsync } from 'mqtt';

/** An alert as a subscriber got it: any MQTT client, Home Assistant for one. */
export interface ReceivedAlert {
  readonly topic: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface AlertListener extends AsyncDisposable {
  readonly received: readonly ReceivedAlert[];
}

/** Subscribes to all alerts of the household. */
export async function listenForAlerts(brokerUrl: string): Promise<AlertListener> {
  const client = await connectAsync(brokerUrl);
  const received: ReceivedAlert[] = [];
  client.on('message', (topic, message) => {
    const payload: unknown = JSON.parse(message.toString('utf8'));
    if (typeof payload === 'object' && payload !== null) received.push({ topic, payload: { ...payload } });
  });
  await client.subscribeAsync('homecam/alerts/#', { qos: 1 });
  return { received, [Symbol.asyncDispose]: () => client.endAsync() };
}
