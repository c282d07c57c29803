import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { BackupActivities, BackupInput, BackupSummary } from '../src/domain/backup.ts';
import { STAGE_POLICIES } from './stage-policies.ts';

/** One copy of Postgres, by schedule. One that fails in the end shows red; the next turn comes all the same. */
export async function backupPostgres(input: BackupInput): Promise<BackupSummary> {
  const { dumpPostgres } = proxyActivities<BackupActivities>(STAGE_POLICIES.backup);
  const summary = await dumpPostgres(input);
  const removed = summary.removed.length === 0 ? '' : `\n\nRemoved: ${summary.removed.join(', ')}`;
  setCurrentDetails(`\`${summary.file}\`, ${(summary.sizeBytes / 1_000_000).toFixed(1)} MB${removed}`);
  return summary;
}
