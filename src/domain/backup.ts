/** A copy of Postgres in one file, as the backup's run in the Temporal UI tells of it. */
export interface BackupSummary {
  /** Absolute path, on the machine of the worker that made it. */
  readonly file: string;
  readonly sizeBytes: number;
  /** Older copies that had to make room. */
  readonly removed: readonly string[];
}

export interface BackupInput {
  /** Copies to keep, the new one among them. */
  readonly keepCount: number;
}

export interface BackupActivities {
  dumpPostgres(input: BackupInput): Promise<BackupSummary>;
}

export const BACKUP_POSTGRES = 'backupPostgres';
/** Names the schedule, and with the time behind it each run. */
export const BACKUP_SCHEDULE_ID = 'backup-postgres';
