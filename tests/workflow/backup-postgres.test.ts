import type { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createBackupActivities } from '../../activities/dump-postgres.ts';
import { backupError } from '../../src/backup/backup-error.ts';
import { configSchema } from '../../src/config/schema.ts';
import { BACKUP_SCHEDULE_ID, type BackupSummary } from '../../src/domain/backup.ts';
import { err, ok } from '../../src/domain/result.ts';
import { createLogger } from '../../src/kit/logger.ts';
import { ensureSchedules } from '../../src/runtime/schedules.ts';
import { createTemporalClient } from '../../src/temporal/client.ts';
import { createPipelineWorker } from '../../workers/queue-workers.ts';
import { installTemporalRuntime } from '../../workers/temporal-runtime.ts';
import { stack } from '../support/stack.ts';
import { waitUntil } from '../support/wait-until.ts';
import { workflowBundle } from '../support/workflow-bundle.ts';

const SUMMARY: BackupSummary = { file: '/backups/homesec-20261126T020000Z.dump', sizeBytes: 4_200_000, removed: [] };

let client: Client;
let end: () => Promise<void>;
const asked: number[] = [];
const answers: Awaited<ReturnType<Parameters<typeof createBackupActivities>[0]>>[] = [];
beforeAll(async () => {
  const temporal = { address: stack.temporalAddress, namespace: await stack.createNamespace() };
  client = createTemporalClient(temporal);
  installTemporalRuntime(createLogger({ level: 'error', write: () => undefined }));
  const connection = await NativeConnection.connect({ address: temporal.address });
  const activities = createBackupActivities(async (keepCount) => {
    asked.push(keepCount);
    return answers.shift() ?? ok(SUMMARY);
  });
  const bundle = await workflowBundle();
  const worker = await createPipelineWorker({ connection, namespace: temporal.namespace }, activities, bundle);
  const running = worker.run();
  end = async () => {
    worker.shutdown();
    await running;
    await connection.close();
    await client.connection.close();
  };
});
afterAll(() => end());
beforeEach(() => {
  asked.length = 0;
  answers.length = 0;
});

/** As a pipeline worker with this configuration does at its start. */
async function startWith(backup: object): Promise<void> {
  const config = configSchema.parse({ ...CONFIG, backup });
  const logger = createLogger({ level: 'error' });
  await ensureSchedules({ config, logger, signal: new AbortController().signal }, { get: async () => client });
}

const CONFIG = {
  ...{ version: 1, cameras: [], storage: { backend: 'local' }, filter: { backend: 'yolo' }, vlm: { backend: 'openai' } },
};
const schedule = () => client.schedule.getHandle(BACKUP_SCHEDULE_ID);

/** The result of the schedule's newest run. */
async function nextRun(): Promise<unknown> {
  await schedule().trigger();
  await waitUntil('a run', async () => (await schedule().describe()).info.recentActions.length > 0);
  const { action } = (await schedule().describe()).info.recentActions.at(-1) ?? {};
  return client.workflow.getHandle(action?.workflow.workflowId ?? '').result();
}

describe('backupPostgres', () => {
  it('runs by schedule where the configuration wants it, and no longer where not', async () => {
    // Given
    await startWith({ enabled: true, every_h: 24, keep_count: 5 });
    // When
    const result = await nextRun();
    const { spec } = await schedule().describe();
    await startWith({ enabled: false });
    // Then
    expect(result).toEqual(SUMMARY);
    expect(asked).toEqual([5]);
    expect(spec.intervals).toEqual([{ every: 86_400_000, offset: 7_200_000 }]);
    await expect(schedule().describe()).rejects.toThrow(/not found/i);
  });

  it('fails at once, and says why, where another attempt cannot help', async () => {
    // Given
    answers.push(err(backupError('BACKUP_TOOL_MISSING', 'pg_dump is not here')));
    // When
    const outcome = client.workflow.execute('backupPostgres', {
      ...{ taskQueue: 'homesec', workflowId: stack.uniqueName('backup'), args: [{ keepCount: 3 }] },
    });
    // Then
    await expect(outcome).rejects.toMatchObject({
      cause: { cause: { type: 'BACKUP_TOOL_MISSING', message: 'pg_dump is not here' } },
    });
    expect(asked).toEqual([3]);
  });
});
