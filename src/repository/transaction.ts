import type { Pool, PoolClient } from './pool.ts';

/** Runs the work in one transaction. Whatever it throws rolls back and is thrown on. */
export async function transaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const value = await work(client);
    await client.query('commit');
    return value;
  } catch (thrown) {
    // A connection that cannot even roll back is not given to anybody again.
    await client.query('rollback').catch((error: Error) => {
      broken = error;
    });
    throw thrown;
  } finally {
    client.release(broken);
  }
}
