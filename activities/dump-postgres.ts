import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { type BackupError, isWorthRetry } from '../src/backup/backup-error.ts';
import type { BackupActivities, BackupSummary } from '../src/domain/backup.ts';
import type { Result } from '../src/domain/result.ts';

/** As src/runtime/backup.ts does it. */
type BackUp = (
  keepCount: number,
  call: { readonly signal: AbortSignal; readonly onAlive: () => void },
) => Promise<Result<BackupSummary, BackupError>>;

export function createBackupActivities(backUp: BackUp): BackupActivities {
  return {
    dumpPostgres: async ({ keepCount }) => {
      const context = Context.current();
      const backup = await backUp(keepCount, { signal: context.cancellationSignal, onAlive: () => context.heartbeat() });
      if (backup.ok) return backup.value;
      const { code, message, causes } = backup.error;
      throw ApplicationFailure.create({ type: code, message, details: [causes], nonRetryable: !isWorthRetry(backup.error) });
    },
  };
}
