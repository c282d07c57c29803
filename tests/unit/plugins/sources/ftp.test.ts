import { describe, expect, test } from 'vitest';
import { checkTogether } from '../../../../src/plugins/sources/ftp/check-together.ts';
import { ftpConfigSchema } from '../../../../src/plugins/sources/ftp/config.ts';
import { timeInFileName } from '../../../../src/plugins/sources/ftp/file-name-time.ts';
import { formatPassive, parseExtendedPort, parsePort } from '../../../../src/plugins/sources/ftp/server/addresses.ts';
import { createLineReader, parseCommand } from '../../../../src/plugins/sources/ftp/server/command-line.ts';
import { formatFacts, formatListLine } from '../../../../src/plugins/sources/ftp/server/listing.ts';
import { createLoginGuard } from '../../../../src/plugins/sources/ftp/server/login-guard.ts';
import { formatReply, replyToSystemError } from '../../../../src/plugins/sources/ftp/server/reply.ts';
import { formatPath, quotedPath, resolvePath } from '../../../../src/plugins/sources/ftp/server/virtual-path.ts';

const configOf = (changes: object = {}) => ftpConfigSchema.parse({ user: 'front', password_env: 'FRONT', ...changes });

describe('settings of ftp', () => {
  test.each([
    { password_env: undefined },
    { anonymous: true },
    { user: '../front' },
    { user: 'anonymous' },
    { user: '' },
    { passive_ports: '30000' },
    { passive_ports: '30010-30000' },
    { passive_ports: '0-10' },
    { passive_ports: '65000-70000' },
    { masquerade_address: 'home.example.org' },
    { tls: { cert_file: 'a.pem' } },
    { port: 0 },
    { extensions: [] },
    { unknown: 1 },
  ])('refuse %j', (changes) => {
    // Given
    const config = { user: 'front', password_env: 'FRONT', ...changes };
    // When
    const parsed = ftpConfigSchema.safeParse(config);
    // Then
    expect(parsed.success).toBe(false);
  });

  test('let an anonymous camera have no password', () => {
    // Given
    const config = { user: 'front', anonymous: true };
    // When
    const parsed = ftpConfigSchema.safeParse(config);
    // Then
    expect(parsed.success).toBe(true);
  });

  test('of two cameras of one server go together only when each has its user and the server is the same', () => {
    // Given
    const garden = configOf({ user: 'garden' });
    const problemsOf = (...configs: ReturnType<typeof configOf>[]) =>
      checkTogether(configs).map(({ index, path }) => `${index} ${path.join('.')}`);
    // When
    const good = problemsOf(configOf(), garden);
    const sameUser = problemsOf(configOf(), garden, configOf({ user: 'FRONT' }));
    const otherServer = problemsOf(configOf(), configOf({ user: 'garden', port: 2122, idle_timeout_s: 5 }));
    const unequal = problemsOf(
      configOf(),
      configOf({ user: 'garden', idle_timeout_s: 5, tls: { cert_file: 'a', key_file: 'b' } }),
    );
    const anonymous = { anonymous: true, password_env: undefined };
    const strangers = problemsOf(configOf(anonymous), configOf({ ...anonymous, user: 'garden' }));
    // Then
    expect([good, otherServer]).toEqual([[], []]);
    expect(sameUser).toEqual(['2 user']);
    expect(unequal).toEqual(['1 tls', '1 idle_timeout_s']);
    expect(strangers).toEqual(['1 anonymous']);
  });
});

describe('time in the name of a file', () => {
  const writtenMs = Date.parse('2026-11-26T12:00:00.000Z');
  test.each([
    ['20261126004120.mp4', '2026-11-26T00:41:20.000Z'],
    ['192.168.1.64_01_20261126004120123_MOTION_DETECTION.jpg', '2026-11-26T00:41:20.123Z'],
    ['Front_00_20261126004120.mp4', '2026-11-26T00:41:20.000Z'],
    ['MDalarm_20261126_004120.mkv', '2026-11-26T00:41:20.000Z'],
    ['2026-11-26_00-41-20.mp4', '2026-11-26T00:41:20.000Z'],
    ['2026-11-26T00.41.20.mp4', '2026-11-26T00:41:20.000Z'],
    ['2026/11/26/00.41.20.mp4', '2026-11-26T00:41:20.000Z'],
    ['2026-11-26/00-41-20.mp4', '2026-11-26T00:41:20.000Z'],
    ['2026-11-26/001/dav/00/00.41.20-00.42.10[M][0@0][0].mp4', '2026-11-26T00:41:20.000Z'],
    ['2026-11-26/clip.mp4', undefined],
    ['0001.mp4', undefined],
    ['20261326004120.mp4', undefined],
    ['20261126254120.mp4', undefined],
    ['120261126004120.mp4', undefined],
    ['20261126130000.mp4', undefined],
    ['20200101000000.mp4', undefined],
  ])('%s: %s', (name, expected) => {
    // Given / When
    const atMs = timeInFileName(name, 'utc', writtenMs);
    // Then
    expect(atMs === undefined ? undefined : new Date(atMs).toISOString()).toBe(expected);
  });

  test('is local time where that is wanted, and nothing where it is to be ignored', () => {
    // Given
    const name = '20261126004120.mp4';
    // When
    const [local, ignored] = [timeInFileName(name, 'local', writtenMs), timeInFileName(name, 'ignore', writtenMs)];
    // Then
    expect(local).toBe(new Date(2026, 10, 26, 0, 41, 20).getTime());
    expect(ignored).toBeUndefined();
  });
});

describe('paths of a camera', () => {
  test.each([
    ['/', '', '/'],
    ['/a', 'b.mp4', '/a/b.mp4'],
    ['/a', '/b.mp4', '/b.mp4'],
    ['/a/b', '..', '/a'],
    ['/a', '../../..', '/'],
    ['/a', './/c/./d', '/a/c/d'],
    ['/', '..\\..\\etc\\passwd', '/etc/passwd'],
    ['/', 'x\0y', undefined],
    ['/', 'x\ny', undefined],
    ['/', 'é'.repeat(101), undefined],
    ['/', 'a/'.repeat(33), undefined],
  ])('from %j to %j', (cwd, argument, expected) => {
    // Given
    const from = cwd.split('/').filter((name) => name !== '');
    // When
    const path = resolvePath(from, argument);
    // Then
    expect(path === undefined ? undefined : formatPath(path)).toBe(expected);
  });

  test('are quoted with their quotes doubled', () => {
    // Given / When / Then
    expect(quotedPath(['a "b"'])).toBe('"/a ""b"""');
  });
});

describe('what is said on the control connection', () => {
  test('is read in whole lines, whatever the pieces, without Telnet’s escapes', () => {
    // Given
    const reader = createLineReader();
    const bytes = Buffer.concat([Buffer.from('USER é\r\n'), Buffer.from([0xff, 0xf4, 0xff, 0xf2]), Buffer.from('ABOR\r\nNOO')]);
    // When
    const lines = [...bytes].flatMap((byte) => reader.read(Buffer.from([byte])) ?? ['too long']);
    // Then
    expect(lines).toEqual(['USER é', 'ABOR']);
    expect(reader.read(Buffer.alloc(9_000, 65))).toBeUndefined();
  });

  test.each([
    ['stor a b.mp4', { verb: 'STOR', argument: 'a b.mp4' }],
    ['STOR  leading', { verb: 'STOR', argument: ' leading' }],
    ['QUIT', { verb: 'QUIT', argument: '' }],
  ])('%j is a command', (line, expected) => {
    // Given / When / Then
    expect(parseCommand(line)).toEqual(expected);
  });

  test('is answered in one line or in several', () => {
    // Given / When / Then
    expect(formatReply({ code: 200, text: 'Yes.' })).toBe('200 Yes.\r\n');
    expect(formatReply({ code: 211, text: 'Features:', lines: ['SIZE'] })).toBe('211-Features:\r\n SIZE\r\n211 End\r\n');
  });

  test.each([
    ['ENOSPC', 452],
    ['ENOENT', 550],
    ['EIO', 451],
  ])('of a disk that answers %s', (code, expected) => {
    // Given
    const cause = Object.assign(new Error('of the disk'), { code });
    // When / Then
    expect(replyToSystemError(cause).code).toBe(expected);
  });

  test('of addresses is understood or refused', () => {
    // Given / When / Then
    expect(parsePort('10,0,0,1,200,10')).toEqual({ host: '10.0.0.1', port: 51_210 });
    expect([parsePort('10,0,0,1,200'), parsePort('10,0,0,1,256,1'), parsePort('10,0,0,1,-1,1')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(parseExtendedPort('|2|::1|6275|')).toEqual({ host: '::1', port: 6_275 });
    expect(parseExtendedPort('|1|::ffff:10.0.0.1|6275|')).toEqual({ host: '10.0.0.1', port: 6_275 });
    expect([parseExtendedPort('|3|x|1|'), parseExtendedPort('|1|10.0.0.1|6275')]).toEqual([undefined, undefined]);
    expect([formatPassive({ host: '10.0.0.1', port: 51_210 }), formatPassive({ host: '::1', port: 1 })]).toEqual([
      '10,0,0,1,200,10',
      undefined,
    ]);
  });

  test('of files is what clients expect', () => {
    // Given
    const entry = { name: 'a b.mp4', isFolder: false, sizeBytes: 12, modifiedMs: Date.parse('2026-11-06T00:41:20.000Z') };
    // When / Then
    expect(formatListLine(entry)).toBe('-rw------- 1 camera camera           12 Nov  6 00:41 a b.mp4');
    expect(formatFacts({ ...entry, isFolder: true })).toBe('type=dir;size=12;modify=20261106004120; a b.mp4');
  });
});

describe('wrong passwords', () => {
  test('count for a minute, for one user from one address', () => {
    // Given
    const guard = createLoginGuard(2);
    const [front, garden] = ['front', 'garden'].map((user) => ({ address: '10.0.0.1', user }));
    if (front === undefined || garden === undefined) throw new Error('two attempts');
    guard.failed(front, 0);
    guard.failed(front, 30_000);
    // When
    const shutOut = [guard.isShutOut(front, 59_999), guard.isShutOut(garden, 59_999), guard.isShutOut(front, 60_000)];
    // Then
    expect(shutOut).toEqual([true, false, false]);
  });
});
