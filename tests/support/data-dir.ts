import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface DataDir extends Disposable {
  readonly path: string;
}

/** A folder for one embedded stack, removed in the end. Root's Postgres, under its own account, may pass unless `isPrivate`. */
export function makeDataDir({ isPrivate = false } = {}): DataDir {
  const isRoot = process.getuid?.() === 0;
  const path = mkdtempSync(join(isRoot ? '/tmp' : tmpdir(), 'homesec-test-data-'));
  if (!isPrivate) chmodSync(path, 0o711);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
