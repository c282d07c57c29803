import { hostname } from 'node:os';
import { attention } from '../kit/findings.ts';
import type { Finding } from '../plugins/spec/finding.ts';
import { createTemporalConnection } from '../temporal/client.ts';
import { pollersOf } from '../temporal/queue-pollers.ts';
import type { App } from './app.ts';
import { temporalAccessOf } from './temporal-access.ts';

/**
 * What cannot be used on this machine is no fault where only workers on others do its work. Whether they can use it is not
 * seen from here.
 */
export async function unlessServedElsewhere(app: App, taskQueue: string, finding: Finding): Promise<Finding> {
  if (finding.state !== 'bad') return finding;
  const workers = await workersOf(app, taskQueue);
  const isHere = (identity: string) => identity.endsWith(`@${hostname()}`);
  if (workers.length === 0 || workers.some(isHere)) return finding;
  return attention(
    finding.what,
    `not usable on this machine: ${finding.message}; queue ${taskQueue} is served by ${workers.join(', ')}`,
    'Nothing is to be done here, if it works there: ask `homesec doctor` on that machine.',
  );
}

/** None is known while Temporal is away, which is a finding of its own. */
async function workersOf(app: App, taskQueue: string): Promise<readonly string[]> {
  const access = temporalAccessOf(app);
  if (!access.ok || access.value === undefined) return [];
  const connection = createTemporalConnection(access.value);
  try {
    return await pollersOf(connection, { namespace: access.value.namespace, taskQueue, type: 'activity' });
  } catch {
    return [];
  } finally {
    await connection.close();
  }
}
