import { createServer } from 'node:net';
import { Aedes } from 'aedes';
import type { Broker } from './mqtt-brokers.ts';

export interface AedesBroker extends Broker {
  /** The QoS of each alert that was published. */
  readonly alertQos: () => readonly number[];
}

/** The broker that needs no installation, in this process. It knows MQTT 3.1.1 and nothing newer. */
export async function startAedes(port = 0): Promise<AedesBroker> {
  const aedes = await Aedes.createBroker();
  const alertQos: number[] = [];
  aedes.on('publish', ({ topic, qos }) => {
    if (topic.includes('alerts')) alertQos.push(qos);
  });
  const server = createServer(aedes.handle);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  let isOpen = true;
  const kill = async () => {
    if (!isOpen) return;
    isOpen = false;
    const closed = new Promise((resolve) => server.close(resolve));
    await new Promise<void>((resolve) => aedes.close(resolve));
    await closed;
  };
  return { host: '127.0.0.1', port: address.port, kill, alertQos: () => alertQos };
}
