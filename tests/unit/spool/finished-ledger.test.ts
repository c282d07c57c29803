import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createClipId } from '../../../src/domain/ids.ts';
import { durableFiles } from '../../../src/spool/durable-files.ts';
import { createFinishedLedger } from '../../../src/spool/finished-ledger.ts';

const november = createClipId('2026-11-23T02:27:00.123Z', 'Front', '0123456789ab');
const later = createClipId('2026-11-24T02:27:00.123Z', 'Front', '0123456789ab');
const december = createClipId('2026-12-01T02:27:00.123Z', 'Front', '0123456789ab');

describe('ledger of finished clips', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'homesec-ledger-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const open = () => createFinishedLedger(folder, durableFiles);

  test('remembers clips across processes, by the month of their recording, the last word counting', async () => {
    // Given
    const writer = open();
    await writer.append(november, { uploaded: false });
    await writer.append(december, { uploaded: true });
    await writer.append(november, { uploaded: true });
    // When
    const reader = open();
    const found = [await reader.find(november), await reader.find(december), await reader.find(later)];
    // Then
    expect(found).toEqual([{ uploaded: true }, { uploaded: true }, undefined]);
    expect((await readdir(folder)).sort()).toEqual(['2026-11.log', '2026-12.log']);
  });

  test('sees what another process appends after it was read', async () => {
    // Given
    const [writer, reader] = [open(), open()];
    await writer.append(november, { uploaded: true });
    await reader.find(november);
    // When
    await writer.append(later, { uploaded: true });
    // Then
    expect(await reader.find(later)).toEqual({ uploaded: true });
    expect(await reader.find(november)).toEqual({ uploaded: true });
  });

  test.each([
    ['half an id', later.slice(0, 20)],
    ['a whole line without its end', `${later} uploaded`],
    ['an empty torn write', '\0\0\0\0'],
  ])('tolerates a last line torn by a power cut: %s', async (_what, torn) => {
    // Given
    await open().append(november, { uploaded: true });
    await appendFile(join(folder, '2026-11.log'), torn);
    // When
    const ledger = open();
    const before = await ledger.find(later);
    await ledger.append(later, { uploaded: false });
    // Then
    expect(before).toBeUndefined();
    expect(await open().find(november)).toEqual({ uploaded: true });
    expect(await open().find(later)).toEqual({ uploaded: false });
    expect(await readFile(join(folder, '2026-11.log'), 'utf8')).toBe(`${november} uploaded\n${later} kept\n`);
  });

  test('starts over when the file was replaced by a shorter one', async () => {
    // Given
    const ledger = open();
    await ledger.append(november, { uploaded: true });
    await ledger.append(later, { uploaded: true });
    await ledger.find(later);
    // When
    await writeFile(join(folder, '2026-11.log'), `${november} kept\n`);
    // Then
    expect(await ledger.find(later)).toBeUndefined();
    expect(await ledger.find(november)).toEqual({ uploaded: false });
  });

  test('keeps every clip of many appended at once', async () => {
    // Given
    const ledger = open();
    const ids = Array.from({ length: 50 }, (_, n) => createClipId(`2026-11-23T02:27:00.${100 + n}Z`, 'Front', '0123456789ab'));
    // When
    await Promise.all(ids.map((clipId) => ledger.append(clipId, { uploaded: true })));
    // Then
    const found = await Promise.all(ids.map((clipId) => open().find(clipId)));
    expect(found.every((entry) => entry?.uploaded === true)).toBe(true);
  });
});
