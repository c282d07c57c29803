import { Secret } from '../../src/domain/secret.ts';
import { migrate } from '../../src/repository/migrate.ts';
import { openPool, type Pool, type PoolOptions } from '../../src/repository/pool.ts';
import { stack } from './stack.ts';

/** A migrated database of the test's own, with connections to it. */
export interface ClipDatabase extends AsyncDisposable {
  readonly dsn: string;
  readonly pool: Pool;
  /** More connections, as another process would have. */
  openPool(options?: PoolOptions): Pool;
}

export async function openClipDatabase(): Promise<ClipDatabase> {
  const database = await stack.createDatabase();
  const pools: Pool[] = [];
  const open = (options?: PoolOptions): Pool => {
    const pool = openPool(new Secret(database.dsn), options);
    pools.push(pool);
    return pool;
  };
  const pool = open();
  const migrated = await migrate(pool);
  if (!migrated.ok) throw new Error(migrated.error.message);
  return {
    dsn: database.dsn,
    pool,
    openPool: open,
    async [Symbol.asyncDispose]() {
      await Promise.all(pools.map((each) => each.end()));
      await database.drop();
    },
  };
}
