import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SupervisedChild } from '../embedded/supervised-child.ts';
import { HEALTH_PORT_VARIABLE, healthAddressOf } from '../health/health-address.ts';
import { endLeftovers } from '../kit/leftovers.ts';
import { NODE_OPTIONS, type WorkerRole } from './node-options.ts';
import type { ConfiguredApp } from './open-app.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

/**
 * Runs workers as children of this process, each started again whenever it ends unasked. They end with this process; what
 * a SIGKILL of it leaves behind, its next start ends.
 */
export async function openWorkerChildren(
  app: ConfiguredApp,
  roles: readonly WorkerRole[],
  { logDir }: { readonly logDir?: string } = {},
): Promise<AsyncDisposable> {
  const folder = join(app.folders.state, 'workers');
  await mkdir(folder, { recursive: true });
  await endLeftovers(folder);
  const children = await Promise.all(roles.map((role) => openWorker(app, { role, folder, logDir })));
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(children.map((child) => child.close()));
    },
  };
}

interface WorkerPlace {
  readonly role: WorkerRole;
  readonly folder: string;
  /** Takes its log; left out: it writes to our own output. */
  readonly logDir: string | undefined;
}

function openWorker(app: ConfiguredApp, { role, folder, logDir }: WorkerPlace): Promise<SupervisedChild> {
  return SupervisedChild.open({
    name: `worker ${role}`,
    command: process.execPath,
    args: [...NODE_OPTIONS[role], MAIN, 'worker', role, '--config', app.configFile, '--log-level', app.logger.level],
    env: { ...unwatched(process.env), ...healthOf(app, role) },
    ...(logDir === undefined ? {} : { logFile: join(logDir, `worker-${role}.log`) }),
    pidFile: join(folder, `${role}.pid`),
    stopSignal: 'SIGTERM',
    // What a worker has in hand it finishes or gives back within 30 s by itself.
    stopGraceMs: 35_000,
    // It waits for its servers itself, so there is nothing to wait for here.
    isReady: () => Promise.resolve(true),
    onProgress: (message) => app.logger.warn({ worker: role }, `worker ${role} ${message}`),
  });
}

/** Each takes a port of its own after its parent's; any that is free, where its parent does. */
function healthOf({ config }: ConfiguredApp, role: WorkerRole): NodeJS.ProcessEnv {
  const parent = healthAddressOf(config);
  if (parent === undefined || parent.port === 0) return {};
  return { [HEALTH_PORT_VARIABLE]: String(parent.port + HEALTH_PORT_OFFSETS[role]) };
}

const HEALTH_PORT_OFFSETS: Readonly<Record<WorkerRole, number>> = { host: 1, pipeline: 2, gpu: 3 };

/**
 * Under `node --watch` (`make dev`) every thread reports the modules that it loads, and the SDK's main thread takes such a
 * report from its workflow thread for a request and dies of it.
 */
function unwatched({ WATCH_REPORT_DEPENDENCIES: _watched, ...environment }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return environment;
}
