import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setupTemporal } from '../temporal/setup.ts';
import { EmbeddedStackError } from './stack-error.ts';
import { SupervisedChild } from './supervised-child.ts';

export interface TemporalServerOptions {
  readonly program: string;
  readonly dataDir: string;
  readonly port: number;
  readonly uiPort: number;
  readonly onProgress: (message: string) => void;
}

// Each poll per second more than the default of 20 takes a hop out of its 50 ms tick: six activities in a row 650 ms by default, 60 ms so.
// More than these only cost the processor.
// One partition keeps a queue's order exact.
const DYNAMIC_CONFIG = [
  'history.transferProcessorMaxPollRPS=300',
  'history.timerProcessorMaxPollRPS=50',
  'system.enableActivityEagerExecution=true',
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
];

/** The dev server on 127.0.0.1 with its UI and an SQLite file in WAL, ready with namespace and search attributes. */
export async function openTemporalServer(options: TemporalServerOptions): Promise<SupervisedChild> {
  // Histories tell what happened at home: nobody else reads them.
  await mkdir(dirname(databaseFile(options)), { recursive: true, mode: 0o700 });
  const child = await SupervisedChild.open({
    name: 'temporal',
    command: options.program,
    args: serverArgs(options),
    pidFile: join(options.dataDir, 'temporal.pid'),
    logFile: join(options.dataDir, 'temporal.log'),
    stopSignal: 'SIGTERM',
    isReady: () => listens(options.port),
    onProgress: options.onProgress,
  });
  try {
    await ensureSetup(`127.0.0.1:${options.port}`, options.onProgress);
  } catch (cause) {
    await child.close();
    throw cause;
  }
  return child;
}

/** Namespace and search attributes on a server of whatever kind. Throws `TEMPORAL_SETUP_FAILED`. */
export async function ensureSetup(address: string, onProgress: (message: string) => void): Promise<void> {
  const setup = await setupTemporal(address);
  if (!setup.ok) throw new EmbeddedStackError('TEMPORAL_SETUP_FAILED', setup.error.message, setup.error);
  if (setup.value.namespaceCreated) onProgress(`created namespace ${setup.value.namespace}`);
}

const databaseFile = ({ dataDir }: TemporalServerOptions): string => join(dataDir, 'temporal', 'temporal.db');

function serverArgs(options: TemporalServerOptions): readonly string[] {
  const { port, uiPort } = options;
  return [
    ...[
      'server',
      'start-dev',
      '--ip',
      '127.0.0.1',
      '--port',
      String(port),
      '--ui-port',
      String(uiPort),
      '--ui-disable-news-fetch',
    ],
    ...['--log-level', 'warn', '--db-filename', databaseFile(options)],
    ...['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=1'],
    ...DYNAMIC_CONFIG.flatMap((value) => ['--dynamic-config-value', value]),
  ];
}

/** Whether something takes connections on 127.0.0.1. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1_000 });
    const answer = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => answer(true));
    socket.once('timeout', () => answer(false));
    socket.once('error', () => answer(false));
  });
}
