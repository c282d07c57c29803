import { chmod, mkdtemp } from 'node:fs/promises';
import type { StackEndpoints } from '../../src/embedded/stack-file.ts';
import { NativeStack } from '../../tools/stack/native-stack.ts';

export const PASSWORDS = {
  POSTGRES_PASSWORD: 'ours0123',
  TEMPORAL_POSTGRES_PASSWORD: 'temporals0123',
  MQTT_PASSWORD: 'broker0123',
};

export interface ComposeServers {
  readonly dataDir: string;
  readonly endpoints: StackEndpoints;
  close(): Promise<void>;
}

/** The servers of docker-compose.yml without HomeSec, for tests that bring their own workers. */
export async function openComposeServers(): Promise<ComposeServers> {
  const dataDir = await mkdtemp('/tmp/homesec-compose-servers-');
  // Root's Postgres, under its own account, may pass.
  await chmod(dataDir, 0o711);
  const stack = await NativeStack.open({
    dir: dataDir,
    network: 74,
    secrets: PASSWORDS,
    only: ['postgres', 'mosquitto', 'temporal-setup', 'temporal-ui'],
    onProgress: (service, message) => process.stdout.write(`${service}: ${message}\n`),
  });
  const [mosquitto, postgres, temporal, ui] = ['mosquitto', 'postgres', 'temporal', 'temporal-ui'].map((name) =>
    stack.addressOf(name),
  );
  return {
    dataDir,
    endpoints: {
      pid: process.pid,
      temporalAddress: `${temporal}:7233`,
      temporalUiUrl: `http://${ui}:8080`,
      postgresDsn: `postgres://homesec:${PASSWORDS.POSTGRES_PASSWORD}@${postgres}:5432/homesec`,
      mqttUrl: `mqtt://${mosquitto}:1883`,
    },
    close: () => stack.close(),
  };
}
