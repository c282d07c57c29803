import type { Result } from '../domain/result.ts';
import type { Pool } from './pool.ts';
import { attempt, type RepositoryError } from './repository-error.ts';

/** What has to be known of a database before it is backed up or restored. */
export interface DatabaseFacts {
  /** Of the server. */
  readonly major: number;
  /** Tables that are not Postgres' own, whoever made them: `public.clip_states`. */
  readonly tables: readonly string[];
}

export function readDatabaseFacts(pool: Pool): Promise<Result<DatabaseFacts, RepositoryError>> {
  return attempt('cannot ask Postgres for its version', async () => {
    const { rows } = await pool.query<DatabaseFacts>(
      `select current_setting('server_version_num')::int / 10000 as major,
              array(select schemaname || '.' || tablename from pg_tables
                    where schemaname not in ('pg_catalog', 'information_schema') order by 1) as tables`,
    );
    const [facts] = rows;
    if (facts === undefined) throw new Error('Postgres gave no row');
    return facts;
  });
}
