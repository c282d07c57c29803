import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SupervisedChild } from './supervised-child.ts';
import { findOnPath } from './temporal-cli.ts';
import { listens } from './temporal-server.ts';

export interface BrokerOptions {
  readonly dataDir: string;
  readonly port: number;
  /** Its PATH is searched for mosquitto. */
  readonly env: NodeJS.ProcessEnv;
  readonly onProgress: (message: string) => void;
}

/**
 * An MQTT broker on 127.0.0.1 without a password: mosquitto when it is on PATH, else aedes. Neither keeps anything on disk, so both do the same.
 * aedes, too, is a child: busy work of the parent (bundling a workflow takes seconds) must not keep back its acknowledgements,
 * and one way to start, watch and end serves all parts.
 */
export async function openBroker(options: BrokerOptions): Promise<SupervisedChild> {
  const mosquitto = findOnPath('mosquitto', options.env);
  const configFile = join(options.dataDir, 'mosquitto.conf');
  if (mosquitto !== undefined) await writeFile(configFile, mosquittoConfig(options.port), { mode: 0o644 });
  return SupervisedChild.open({
    name: 'broker',
    command: mosquitto ?? process.execPath,
    args:
      mosquitto === undefined
        ? [fileURLToPath(new URL('./aedes-broker.ts', import.meta.url)), String(options.port)]
        : ['-c', configFile],
    env: options.env,
    pidFile: join(options.dataDir, 'broker.pid'),
    logFile: join(options.dataDir, 'broker.log'),
    stopSignal: 'SIGTERM',
    isReady: () => listens(options.port),
    onProgress: options.onProgress,
  });
}

const mosquittoConfig = (port: number): string =>
  [
    '# Written at each start.',
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence false',
    'log_dest stderr',
    '',
  ].join('\n');
