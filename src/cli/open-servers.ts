import type { Client, Connection } from '@temporalio/client';
import { Secret } from '../domain/secret.ts';
import { type ClipRepository, createClipRepository } from '../repository/clip-repository.ts';
import { openPool, type Pool } from '../repository/pool.ts';
import { type App, endpointsOf } from '../runtime/app.ts';
import { temporalAccessOf } from '../runtime/temporal-access.ts';
import type { TemporalAccess } from '../temporal/access.ts';
import { createTemporalClient, createTemporalConnection } from '../temporal/client.ts';
import { CliError, valueOrExit } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';

interface OpenStateStore extends AsyncDisposable {
  readonly pool: Pool;
  readonly repository: ClipRepository;
}

/** Postgres for one command. Exit code 3 when nobody says where it is. */
export function openStateStore(app: App): OpenStateStore {
  const { postgresDsn } = endpointsOf(app);
  if (postgresDsn === undefined) throw new CliError(whereIs('Postgres', app.config.state_store?.dsn_env), EXIT.unavailable);
  const pool = openPool(new Secret(postgresDsn));
  return { pool, repository: createClipRepository(pool), [Symbol.asyncDispose]: () => pool.end() };
}

interface OpenTemporal extends AsyncDisposable {
  readonly access: TemporalAccess;
  readonly connection: Connection;
  readonly client: Client;
}

/** Temporal for one command. Exit code 3 when nobody says where it is. */
export function openTemporal(app: App): OpenTemporal {
  const access = valueOrExit(temporalAccessOf(app));
  if (access === undefined) throw new CliError(whereIs('Temporal', 'TEMPORAL_ADDRESS'), EXIT.unavailable);
  const connection = createTemporalConnection(access);
  const client = createTemporalClient(access, connection);
  return { access, connection, client, [Symbol.asyncDispose]: () => connection.close() };
}

function whereIs(server: string, variable: string | undefined): string {
  const named = variable === undefined ? '' : `, or set ${variable}`;
  return `${server} is not running: start \`homesec run\` or \`homesec stack up\` with this configuration${named}.`;
}
