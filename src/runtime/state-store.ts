import { setTimeout as delay } from 'node:timers/promises';
import { err } from '../domain/result.ts';
import { Secret } from '../domain/secret.ts';
import { backoffMs } from '../kit/backoff.ts';
import { type CameraRepository, createCameraRepository } from '../repository/camera-repository.ts';
import { type ClipRepository, createClipRepository } from '../repository/clip-repository.ts';
import { type LogWriter, openLogWriter } from '../repository/log-writer.ts';
import { migrate } from '../repository/migrate.ts';
import { openPool, type Pool } from '../repository/pool.ts';
import { repositoryError } from '../repository/repository-error.ts';
import { type App, endpointsOf } from './app.ts';

/** Postgres as the processes see it: perhaps not there yet, perhaps gone for a while. */
export interface StateStore {
  /** Undefined while nobody knows where Postgres is. */
  pool(): Pool | undefined;
  /** Writes events; while nobody knows where Postgres is that is DB_UNAVAILABLE, as for a server that does not answer. */
  readonly append: ClipRepository['append'];
  /** The same for cameras. */
  readonly cameras: CameraRepository;
  /** Brings the schema up to date as soon as Postgres answers; returns when done or stopped. */
  migrateWhenPossible(): Promise<void>;
  close(): Promise<void>;
}

export function createStateStore(app: App): StateStore {
  let opened:
    | { readonly pool: Pool; readonly repository: ClipRepository; readonly cameras: CameraRepository; readonly logs: LogWriter }
    | undefined;

  function open() {
    if (opened !== undefined) return opened;
    const { postgresDsn } = endpointsOf(app);
    if (postgresDsn !== undefined) {
      const pool = openPool(new Secret(postgresDsn), {
        onConnectionLost: (error) => app.logger.warn({ error: error.message }, 'lost a connection to Postgres'),
      });
      const [repository, cameras] = [createClipRepository(pool), createCameraRepository(pool)];
      opened = { pool, repository, cameras, logs: openLogWriter(pool) };
      app.telemetry.attach(opened.logs.write);
    }
    return opened;
  }

  const unknown = () => err(repositoryError('DB_UNAVAILABLE', 'nobody knows yet where Postgres is'));
  const migrateOnce = async () => {
    const pool = open()?.pool;
    return pool === undefined
      ? unknown()
      : migrate(pool, { onApplied: (name) => app.logger.info({ name }, 'migration applied') });
  };

  return {
    pool: () => open()?.pool,
    append: async (clipId, events) => (await open()?.repository.append(clipId, events)) ?? unknown(),
    cameras: { append: async (camera, events) => (await open()?.cameras.append(camera, events)) ?? unknown() },
    migrateWhenPossible: async () => {
      for (let failures = 1; !app.signal.aborted; failures += 1) {
        const migrated = await migrateOnce();
        if (migrated.ok) return;
        const { code, message } = migrated.error;
        app.logger.warn({ code, error: message }, 'cannot migrate Postgres yet; clips go on without it');
        await delay(backoffMs({ initialMs: 250, maxMs: 30_000 }, failures, Math.random), undefined, { signal: app.signal }).catch(
          () => undefined,
        );
      }
    },
    close: async () => {
      await opened?.logs.close();
      await opened?.pool.end();
    },
  };
}
