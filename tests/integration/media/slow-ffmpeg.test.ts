import { chmod, writeFile } from 'node:fs/promises';
import { delimiter, dirname } from 'node:path';
import { expect, it } from 'vitest';
import { snapshot } from '../../../src/media/snapshot.ts';
import { openMediaFolder } from '../../support/test-media.ts';
import { valueOf } from '../../support/value-of.ts';

it('a snapshot is taken also where ffmpeg, on a busy machine, ends long after its last byte', async () => {
  // Given
  const media = await openMediaFolder();
  const path = await media.clip('short.mp4', 'testsrc2=d=2:r=10:s=320x180');
  const look = { maxSize: 320, quality: 85, signal: new AbortController().signal };
  const slow = media.file('ffmpeg');
  await writeFile(slow, `#!/bin/sh\nPATH='${process.env['PATH']}' ffmpeg "$@"; code=$?; exec >&-; sleep 0.3; exit $code\n`);
  await chmod(slow, 0o755);
  process.env['PATH'] = `${dirname(slow)}${delimiter}${process.env['PATH']}`;
  // When
  const taken = [await snapshot({ path, atMs: 1_000, ...look }), await snapshot({ path, atMs: 60_000, ...look })];
  // Then
  expect(taken.map(valueOf)).toEqual([expect.any(Buffer), undefined]);
  await media.remove();
});
