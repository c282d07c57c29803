import { createServer, type Socket } from 'node:net';
import type { Broker } from './mqtt-brokers.ts';

export interface SilentBroker extends Broker {
  /** How many connections it has accepted as MQTT. */
  readonly connections: () => number;
  /** How many messages on topics that contain the text it was given, repeats counted. */
  readonly published: (text: string) => number;
}

export interface SilentBrokerBehaviour {
  /** `nothing`: does not even answer CONNECT. `no_ack`: accepts, and swallows all messages. `hang_up`: ends at a message. */
  readonly answers: 'nothing' | 'no_ack' | 'hang_up';
}

const CONNECT = 1;
const PUBLISH = 3;
const PINGREQ = 12;
/** MQTT 5.0, 3.2: no session, success, no properties. */
const CONNACK = Uint8Array.of(0x20, 3, 0, 0, 0);
const PINGRESP = Uint8Array.of(0xd0, 0);

/** Speaks just enough MQTT 5 to be believed, and never acknowledges anything. Takes each packet to come in one piece. */
export async function startSilentBroker({ answers }: SilentBrokerBehaviour): Promise<SilentBroker> {
  const sockets = new Set<Socket>();
  const packets: { readonly type: number; readonly text: string }[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    socket.on('data', (data) => {
      if (answers === 'nothing') return;
      for (const packet of split(data)) {
        packets.push(packet);
        if (packet.type === CONNECT) socket.write(CONNACK);
        if (packet.type === PINGREQ) socket.write(PINGRESP);
        if (packet.type === PUBLISH && answers === 'hang_up' && packet.text.includes('alerts')) socket.destroy();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    host: '127.0.0.1',
    port: address.port,
    connections: () => packets.filter(({ type }) => type === CONNECT).length,
    published: (text) => packets.filter((packet) => packet.type === PUBLISH && packet.text.includes(text)).length,
    kill: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Fixed header: type in the upper four bits, then the length, seven bits a byte (MQTT 5.0, 2.1). */
function* split(data: Buffer): Generator<{ readonly type: number; readonly text: string }> {
  for (let at = 0; at < data.length; ) {
    const type = data.readUInt8(at) >> 4;
    let length = 0;
    let shift = 0;
    let byte = 0;
    do {
      at += 1;
      byte = data.readUInt8(at);
      length |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80);
    yield { type, text: data.toString('utf8', at + 1, at + 1 + length) };
    at += 1 + length;
  }
}
