import { once } from 'node:events';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { livingMediaProcesses } from '../../../src/media/media-process.ts';
import { freePort, logIn, type RawClient, speakRaw, uploadBytes } from '../../support/ftp-cameras.ts';
import { type FtpHouse, openFtpHouse } from '../../support/ftp-house.ts';
import { createTlsFiles } from '../../support/tls-files.ts';
import { waitUntil } from '../../support/wait-until.ts';

describe('the FTP server', () => {
  let house: FtpHouse;
  const raws: RawClient[] = [];
  beforeEach(async () => {
    house = await openFtpHouse();
  });
  afterEach(async () => {
    for (const raw of raws.splice(0)) raw.socket.destroy();
    await house[Symbol.asyncDispose]();
    expect(livingMediaProcesses()).toBe(0);
  });
  const greet = async (): Promise<RawClient> => {
    const raw = await speakRaw(house.port);
    raws.push(raw);
    await raw.hear();
    return raw;
  };
  const loggedIn = async (): Promise<RawClient> => {
    const raw = await greet();
    await raw.say('USER front');
    await raw.say('PASS secret');
    return raw;
  };
  const codesOf = async (raw: RawClient, lines: readonly string[]): Promise<string[]> => {
    const codes: string[] = [];
    for (const line of lines) codes.push((await raw.say(line)).slice(0, 3));
    return codes;
  };
  const put = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  };
  /** Sends a file over a passive connection; answers with the last reply. */
  const store = async (raw: RawClient, command: string, bytes: Uint8Array): Promise<string> => {
    const data = connect(await raw.passive(), '127.0.0.1');
    data.on('error', () => undefined);
    const first = await raw.say(command);
    data.end(bytes);
    return first.startsWith('150') ? raw.hear() : first;
  };

  test.each([
    ['a wrong password', 'front', 'wrong'],
    ['no such user', 'nobody', 'secret'],
    ['no user', 'anonymous', 'me@example.org'],
    ['an empty password', 'front', ''],
  ])('lets nobody in with %s', async (_what, user, password) => {
    // Given
    await house.begin();
    // When
    const refused = await logIn(house.port, { user, password }).catch(String);
    // Then
    expect(refused).toContain('530');
  });

  test('does nothing before the login', async () => {
    // Given
    await house.begin();
    const raw = await greet();
    // When
    const codes = await codesOf(raw, ['PWD', 'STOR a.mp4', 'PASV', 'LIST', 'MKD x', 'RETR a.mp4', 'constructor', 'NOOP']);
    // Then
    expect(codes).toEqual(['530', '530', '530', '530', '530', '530', '502', '200']);
  });

  test('shuts out who guesses, and not the other camera behind the same address', async () => {
    // Given
    await house.begin({ login_failures_per_minute: 3 });
    await house.begin({ user: 'garden', login_failures_per_minute: 3 }, 'Garden');
    const attempts: string[] = [];
    // When
    for (let attempt = 0; attempt < 3; attempt += 1)
      attempts.push(
        await logIn(house.port, { password: 'wrong' }).then(
          () => 'in',
          (error: unknown) => String(error).slice(0, 40),
        ),
      );
    const shutOut = await logIn(house.port).catch(String);
    const other = await logIn(house.port, { user: 'garden' });
    other.close();
    // Then
    expect(attempts.every((attempt) => attempt.includes('530'))).toBe(true);
    expect(shutOut).toContain('421');
  });

  test('takes strangers for the anonymous camera, and warns at every start', async () => {
    // Given
    const { context } = await house.begin({ anonymous: true });
    const client = await logIn(house.port, { user: 'anonymous', password: 'guest' });
    // When
    await uploadBytes(client, house.video, 'a.mp4');
    client.close();
    // Then
    expect(await house.clips(1)).toHaveLength(1);
    expect(context.lines.filter(({ level, message }) => level === 'warn' && message.includes('ANONYMOUS'))).toHaveLength(1);
  });

  test.each([
    '/../../../outside.mp4',
    '../../outside.mp4',
    '..\\..\\outside.mp4',
    'a/../../../../outside.mp4',
    '/%2e%2e/outside.mp4',
  ])('keeps a camera in its own folder: %s', async (path) => {
    // Given
    await house.begin({ settle_s: 60 });
    await put(house.path('uploads/x.mp4', 'garden'), 'of another camera');
    const raw = await loggedIn();
    // When
    const stored = await store(raw, `STOR ${path}`, house.video);
    const codes = await codesOf(raw, [
      'CWD ../..',
      'CWD /../garden',
      'SIZE ../garden/uploads/x.mp4',
      'RNFR ../garden/uploads/x.mp4',
    ]);
    // Then
    expect(stored).toContain('226');
    expect(codes).toEqual(['250', '550', '550', '550']);
    expect(await house.files()).toEqual([expect.stringMatching(/^uploads\/(%2e%2e\/)?outside\.mp4$/)]);
  });

  test('gives nothing away, and lets no footage be removed or replaced', async () => {
    // Given
    await house.begin({ settle_s: 60 });
    const raw = await loggedIn();
    for (const name of ['a.mp4', 'b.mp4', 'test.txt']) await store(raw, `STOR ${name}`, Buffer.from(name));
    // When
    const codes = await codesOf(raw, [
      'RETR a.mp4',
      'DELE a.mp4',
      'DELE test.txt',
      'RNFR b.mp4',
      'RNTO a.mp4',
      'DELE none.txt',
      'SITE CHMOD 777 a.mp4',
      'RNFR b.mp4',
      'RNTO b.txt',
      'REST 1',
    ]);
    const cut = await store(raw, 'STOR a.mp4', Buffer.from('x'));
    const second = await store(raw, 'STOR a.mp4', Buffer.from('something else'));
    // Then
    expect(codes).toEqual(['550', '550', '250', '350', '550', '550', '502', '350', '550', '350']);
    expect(cut).toContain('554');
    expect(second).toContain('226');
    expect(await house.files()).toEqual(['uploads/a-2.mp4', 'uploads/a.mp4', 'uploads/b.mp4']);
    expect(await readFile(house.path('uploads/a.mp4'), 'utf8')).toBe('a.mp4');
  });

  test('shows a camera its own files, also those that it has not finished', async () => {
    // Given
    await house.begin({ settle_s: 60, resume_wait_s: 60 });
    const client = await logIn(house.port);
    await client.ensureDir('day one');
    await uploadBytes(client, house.video, 'a b.mp4');
    await put(house.path('incoming/day one/half.mp4'), 'half');
    // When
    const listed = await client.list();
    const named = await client.sendIgnoringError('MLST "a b.mp4"');
    const where = await client.pwd();
    const modifiedAt = await client.lastMod('a b.mp4');
    await client.cdup();
    const above = await client.list();
    client.close();
    // Then
    expect(listed.map(({ name, size, isFile }) => [name, size, isFile])).toEqual([
      ['a b.mp4', house.video.length, true],
      ['half.mp4', 4, true],
    ]);
    expect(named.code).toBe(550);
    expect(where).toBe('/day one');
    expect(Math.abs(modifiedAt.getTime() - Date.now())).toBeLessThan(60_000);
    expect(above.map(({ name, isDirectory }) => [name, isDirectory])).toEqual([['day one', true]]);
  });

  test('connects to the camera itself only, and listens to nobody else', async () => {
    // Given
    await house.begin();
    const raw = await loggedIn();
    // When
    const codes = await codesOf(raw, [
      'PORT 127,0,0,1,0,25',
      'PORT 10,0,0,1,200,10',
      'PORT 127,0,0,1,300,10',
      'EPRT |1|10.0.0.1|5000|',
      'EPRT |1|127.0.0.1|80|',
      'EPRT nonsense',
      'PORT 127,0,0,1,200,10',
    ]);
    const stranger = connect({ port: await raw.passive(), host: '127.0.0.1', localAddress: '127.0.0.2' });
    stranger.on('error', () => undefined);
    stranger.resume();
    await once(stranger, 'close');
    // Then
    expect(codes).toEqual(['504', '504', '501', '504', '504', '501', '200']);
    expect(stranger.bytesRead).toBe(0);
  });

  test('lets a passive connection through after a stranger was turned away', async () => {
    // Given
    await house.begin({ settle_s: 60 });
    const raw = await loggedIn();
    const port = await raw.passive();
    const stranger = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' });
    stranger.on('error', () => undefined);
    stranger.resume();
    await once(stranger, 'close');
    // When
    const data = connect(port, '127.0.0.1');
    await raw.say('STOR a.mp4');
    data.end('bytes');
    // Then
    expect(await raw.hear()).toContain('226');
    expect(await readFile(house.path('uploads/a.mp4'), 'utf8')).toBe('bytes');
  });

  test('says another address to passive cameras where it is known under another', async () => {
    // Given
    await house.begin({ masquerade_address: '192.0.2.7', passive_ports: '30100-30119' });
    const raw = await loggedIn();
    // When
    const answer = await raw.say('PASV');
    // Then
    const [, high = '', low = ''] = /\(192,0,2,7,(\d+),(\d+)\)/.exec(answer) ?? [];
    expect(Number(high) * 256 + Number(low)).toBeGreaterThanOrEqual(30_100);
    expect(Number(high) * 256 + Number(low)).toBeLessThanOrEqual(30_119);
  });

  test('refuses connections beyond the limits, and takes others once some are closed', async () => {
    // Given
    await house.begin({ max_connections_per_address: 2 });
    const [first] = [await greet(), await greet()];
    // When
    const third = await speakRaw(house.port);
    raws.push(third);
    const refused = await third.hear();
    first.socket.destroy();
    // Then
    expect(refused).toContain('421');
    await waitUntil('a place', async () => {
      const again = await speakRaw(house.port);
      raws.push(again);
      return (await again.hear()).startsWith('220');
    });
  });

  test('breaks off what is too large, and keeps what came', async () => {
    // Given
    await house.begin({ max_upload_bytes: 1_000, resume_wait_s: 60 });
    const raw = await loggedIn();
    // When
    const answer = await store(raw, 'STOR a.mp4', Buffer.alloc(200_000, 1));
    // Then
    expect(answer).toContain('552');
    expect((await stat(house.path('incoming/a.mp4'))).size).toBe(1_000);
  });

  test('closes connections on which nothing happens, also those that are sending a file', async () => {
    // Given
    const { source } = await house.begin({ idle_timeout_s: 0.2, resume_wait_s: 60 });
    const [idle, sending] = [await greet(), await loggedIn()];
    // When
    const data = connect(await sending.passive(), '127.0.0.1');
    data.on('error', () => undefined);
    await sending.say('STOR a.mp4');
    data.write('some');
    // Then
    expect(await idle.hear()).toContain('421');
    expect(await sending.hear()).toContain('426');
    await waitUntil('the broken upload to be told', () => source.status().problems.length === 1);
    data.destroy();
  });

  test('ends a transfer that the camera takes back', async () => {
    // Given
    await house.begin({ resume_wait_s: 60 });
    const raw = await loggedIn();
    const data = connect(await raw.passive(), '127.0.0.1');
    data.on('error', () => undefined);
    await raw.say('STOR a.mp4');
    data.write('some');
    // When
    const answers = [await raw.say('ABOR'), await raw.hear()];
    // Then
    expect(answers.map((answer) => answer.slice(0, 3))).toEqual(['426', '226']);
    expect(await raw.say('DELE a.mp4')).toContain('250');
    expect(await house.files()).toEqual([]);
  });

  test('forgets what was said in the clear once it is encrypted', async () => {
    // Given
    const { certFile, keyFile } = createTlsFiles(house.dir, 'ftp', 'IP:127.0.0.1');
    await house.begin({ tls: { cert_file: certFile, key_file: keyFile } });
    const plain = connect(house.port, '127.0.0.1');
    const hear = async (from: Socket): Promise<string> => String((await once(from, 'data'))[0]);
    const said: string[] = [await hear(plain)];
    for (const line of ['PROT P', 'USER front', 'PASS secret', 'AUTH TLS\r\nMKD hidden']) {
      plain.write(`${line}\r\n`);
      said.push(await hear(plain));
    }
    // When
    const secure = connectTls({ socket: plain, rejectUnauthorized: false });
    await once(secure, 'secureConnect');
    for (const line of ['PWD', 'PROT P']) {
      secure.write(`${line}\r\n`);
      said.push(await hear(secure));
    }
    secure.destroy();
    // Then the command behind AUTH was neither carried out nor answered
    expect(said.map((line) => line.slice(0, 3))).toEqual(['220', '503', '331', '230', '234', '530', '200']);
    expect(await stat(house.path('uploads/hidden')).catch(() => 'none')).toBe('none');
  });

  test.each(['the port is taken', 'the certificate is missing'])(
    'is awaited while %s, and other cameras record',
    async (what) => {
      // Given
      const { certFile, keyFile } = createTlsFiles(house.dir, 'ftp', 'IP:127.0.0.1');
      const blocker = createServer();
      if (what === 'the port is taken') await once(blocker.listen(house.port, '127.0.0.1'), 'listening');
      else await rm(certFile);
      const { source } = await house.begin({ tls: { cert_file: certFile, key_file: keyFile } });
      const offline = source.status();
      await house.begin({ user: 'other', port: await freePort() }, 'Other');
      await put(house.path('uploads/there.mp4'), '');
      await writeFile(house.path('uploads/there.mp4'), house.video);
      const recorded = await house.clips(1);
      // When
      if (what === 'the port is taken') blocker.close();
      else createTlsFiles(house.dir, 'ftp', 'IP:127.0.0.1');
      // Then
      expect(offline).toMatchObject({ state: 'offline', message: expect.stringMatching(/EADDRINUSE|ENOENT/) });
      expect(recorded).toHaveLength(1);
      await waitUntil('the server', () => source.status().state === 'watching');
    },
  );

  test('tells that a camera has no password to log in with', async () => {
    // Given
    const { source } = await house.begin({ password_env: 'UNSET' });
    // When
    const refused = await logIn(house.port).catch(String);
    // Then
    expect(refused).toContain('530');
    expect(source.status()).toMatchObject({ state: 'offline', message: expect.stringContaining('UNSET') });
  });

  test('goes on for one camera when the other is stopped, and ends with the last', async () => {
    // Given
    const first = await house.begin();
    const second = await house.begin({ user: 'garden' }, 'Garden');
    // When
    await house.end(first);
    const gone = await logIn(house.port).catch(String);
    const stays = await logIn(house.port, { user: 'garden' });
    await house.end(second);
    const ended = await logIn(house.port, { user: 'garden' }).catch(String);
    // Then
    expect(gone).toContain('530');
    expect(await stays.pwd().catch(() => 'closed')).toBe('closed');
    expect(ended).toContain('ECONNREFUSED');
  });

  test('takes changed settings once the cameras of the old ones are stopped', async () => {
    // Given
    const before = await house.begin();
    const after = await house.begin({ user: 'garden', masquerade_address: '192.0.2.7' }, 'Garden');
    const waits = after.source.status().state;
    // When
    await house.end(before);
    await waitUntil('the new server', () => after.source.status().state === 'watching');
    const raw = await greet();
    for (const line of ['USER garden', 'PASS secret']) await raw.say(line);
    // Then
    expect(waits).toBe('offline');
    expect(await raw.say('PASV')).toContain('(192,0,2,7,');
  });
});
