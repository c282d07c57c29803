import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const CHILD = join(import.meta.dirname, '../support/verb-packages-child.ts');

async function packagesOf(...words: string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [CHILD, ...words]);
  return JSON.parse(stdout);
}

test('a process holds what its verb uses, and no package of another verb', async () => {
  // Given what all verbs need together
  const SERVERS = ['@temporalio/client', 'pg', 'mqtt', 'tar'];
  expect(await packagesOf('--help')).toEqual(expect.arrayContaining(SERVERS));
  // When
  const [recorder, worker] = await Promise.all([packagesOf('record'), packagesOf('worker', 'host')]);
  // Then
  for (const name of SERVERS) {
    expect(recorder).not.toContain(name);
    expect(worker).not.toContain(name);
  }
});
