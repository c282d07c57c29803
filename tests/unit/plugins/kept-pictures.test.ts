import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createKeptPictures } from '../../../src/plugins/sources/ftp/kept-pictures.ts';

it('a kept picture that is gone when it is looked at keeps no other from being kept', async () => {
  // Given one of which only the name is there, as while somebody removes it
  const folder = await mkdtemp(join(tmpdir(), 'homesec-pictures-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const kept = join(folder, 'kept');
  await mkdir(kept);
  await symlink(join(folder, 'nowhere'), join(kept, 'gone.jpg'));
  const path = join(folder, 'new.jpg');
  await writeFile(path, 'picture');
  // When
  await createKeptPictures(kept, 1).keep({ path, name: 'new.jpg', sizeBytes: 7, mtimeMs: Date.parse('2026-11-26T12:00:00Z') });
  // Then
  expect(await readdir(kept)).toEqual(['2026-11-26T12-00-00-000Z_new.jpg']);
});
