import { DatabaseSync } from 'node:sqlite';
import { err, ok, type Result } from '../domain/result.ts';

export interface RoleLock {
  /** Released already is fine. */
  release(): void;
}

/**
 * An exclusive lock that the kernel drops the moment its process dies, however it dies, and that a stopped or stalled process
 * keeps. Lock files with a time stamp can do neither; SQLite's is the one kernel file lock within Node. The file stays empty.
 * @returns `held` when another process (or another part of this one) has it.
 */
export function acquireRoleLock(path: string): Result<RoleLock, { readonly held: boolean; readonly cause: unknown }> {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    // Without a journal nothing is left behind by a kill: the transaction never writes.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (cause) {
    database?.close();
    return err({ held: isBusy(cause), cause });
  }
  const held = database;
  return ok({
    release() {
      if (held.isOpen) held.close();
    },
  });
}

const SQLITE_BUSY = 5;
const isBusy = (cause: unknown): boolean => cause instanceof Error && 'errcode' in cause && cause.errcode === SQLITE_BUSY;
