import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { smtpNotifier } from '../../../src/plugins/notifiers/smtp/index.ts';
import { type MailRules, openMailReceiver } from '../../support/mail-receiver.ts';
import { useCleanup } from '../../support/mqtt-channel.ts';
import { createTestContext } from '../../support/plugin-context.ts';
import { BARE_ALERT, FULL_ALERT, OFFLINE_ALERT, ONLINE_ALERT } from '../../support/sample-alert.ts';
import { createTlsFiles } from '../../support/tls-files.ts';
import { waitUntil } from '../../support/wait-until.ts';

const JPEG = Uint8Array.from([0xff, 0xd8, 0xff, 0xd9]);
const PASSWORD = 'correct horse battery';
const secrets = { SMTP_USER: 'house', SMTP_PASSWORD: PASSWORD, WRONG_PASSWORD: 'not it at all' };
const auth = { username_env: 'SMTP_USER', password_env: 'SMTP_PASSWORD' };

const cleanup = useCleanup();

async function facing(rules: MailRules = {}, config: Record<string, unknown> = {}, known: Record<string, string> = secrets) {
  const server = await openMailReceiver(rules);
  cleanup(server.close);
  const parsed = smtpNotifier.configSchema.parse({
    host: '127.0.0.1',
    port: server.port,
    security: 'none',
    from_email: 'homesec@house.example',
    to_emails: ['owner@house.example'],
    timezone: 'Europe/Berlin',
    ...config,
  });
  const context = createTestContext({ secrets: known });
  const notifier = await smtpNotifier.create(parsed, context);
  cleanup(() => notifier.close());
  return { server, notifier, context };
}

/** A server that is no mail server, on a free port. */
async function listen(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer(onConnection);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup(() => new Promise((resolve) => server.close(resolve)));
  return (server.address() as AddressInfo).port;
}

async function tlsFiles(label: string) {
  const folder = await mkdtemp(join(tmpdir(), 'homesec-smtp-'));
  cleanup(() => rm(folder, { recursive: true, force: true }));
  return createTlsFiles(folder, label, 'IP:127.0.0.1');
}

describe('a mail', () => {
  test('says in words what was seen, to everyone who is named', async () => {
    // Given
    const more = { cc_emails: ['neighbour@house.example'], bcc_emails: ['hidden@house.example'] };
    const { server, notifier } = await facing({}, more);
    // When
    await notifier.send(FULL_ALERT, signal());
    // Then
    const [mail] = server.mails;
    expect(mail?.subject).toBe('[HomeSec] Front Door: suspicious behavior (high risk)');
    expect(mail?.from?.text).toBe('"HomeSec" <homesec@house.example>');
    expect(mail?.text).toBe(
      'Front Door: suspicious behavior (high risk)\nMon, 23 Nov 2026, 03:27:00 CET\n\n' +
        'Jemand rüttelt an der Tür. 🚪 "Hallo?"\n\nWatch the clip: https://homesec.example/clips/1\n',
    );
    expect(mail?.headers.get('auto-submitted')).toBe('auto-generated');
    expect(server.recipients).toEqual([['owner@house.example', 'neighbour@house.example', 'hidden@house.example']]);
    expect(JSON.stringify([...(mail?.headers ?? [])])).not.toContain('hidden@');
  });

  test.each([
    ['inline', 'inline', true],
    ['attach', 'attachment', false],
  ])('has the picture, %s', async (how, disposition, isShown) => {
    // Given
    const { server, notifier } = await facing({}, { snapshot: how });
    // When
    await notifier.send({ ...FULL_ALERT, snapshot: JPEG }, signal());
    // Then
    const [mail] = server.mails;
    const [picture] = mail?.attachments ?? [];
    expect(picture).toMatchObject({ contentType: 'image/jpeg', contentDisposition: disposition, filename: 'snapshot.jpg' });
    expect(new Uint8Array(picture?.content ?? [])).toEqual(JPEG);
    // The parser puts the picture where its content id stands.
    expect(String(mail?.html).includes('<img src="data:image/jpeg;base64,')).toBe(isShown);
  });

  test('has no picture where the owner wants none, or there is none', async () => {
    // Given
    const { server, notifier } = await facing({}, { snapshot: 'none' });
    const showing = await facing();
    // When
    await notifier.send({ ...FULL_ALERT, snapshot: JPEG }, signal());
    await showing.notifier.send(FULL_ALERT, signal());
    // Then
    for (const mail of [...server.mails, ...showing.server.mails]) {
      expect(mail.attachments).toEqual([]);
      expect(mail.html).not.toContain('<img');
    }
  });

  test('cannot be given headers, markup or links by what a camera or a model wrote', async () => {
    // Given
    const { server, notifier } = await facing();
    const alert = {
      ...FULL_ALERT,
      cameraName: 'Door\r\nBcc: thief@evil.example\r\n\r\n<script>alert(1)</script>',
      summary: '<img src=x onerror=alert(1)> & "quotes" \r\n.\r\nMAIL FROM:<x>',
      viewUrl: 'javascript:alert(1)',
    };
    // When
    await notifier.send(alert, signal());
    // Then
    const [mail] = server.mails;
    expect(server.recipients).toEqual([['owner@house.example']]);
    expect(mail?.headers.has('bcc')).toBe(false);
    expect(mail?.subject).toContain('Door Bcc: thief@evil.example <script>');
    expect(mail?.html).not.toMatch(/<script|<img|javascript:/);
    expect(mail?.html).toContain('&lt;img src=x onerror=alert(1)&gt; &amp; &quot;quotes&quot;');
    expect(mail?.text).not.toContain('javascript:');
    expect(mail?.text).toContain('MAIL FROM:<x>');
  });
});

describe('an update', () => {
  test('is one mail in the thread of its alert, whose name a repeat shares', async () => {
    // Given
    const { server, notifier } = await facing();
    // When an alert, its repeat and two updates
    const sent = [];
    for (const revision of [1, 1, 2, 3]) sent.push(await notifier.send({ ...FULL_ALERT, revision }, signal()));
    // Then
    expect(sent.every(({ ok }) => ok)).toBe(true);
    const [first, repeat, update, ...more] = server.mails;
    expect(more).toEqual([]);
    expect(first?.messageId).toMatch(/^<homesec\.[0-9a-f]{32}\.1@house\.example>$/);
    expect(repeat?.messageId).toBe(first?.messageId);
    expect(update?.messageId).not.toBe(first?.messageId);
    expect(update).toMatchObject({ inReplyTo: first?.messageId, references: first?.messageId, subject: `Re: ${first?.subject}` });
  });

  test.each([
    ['none', [1]],
    ['one', [1, 2]],
    ['all', [1, 2, 3, 4]],
  ])('is mailed as often as the owner wants: %s', async (follow_ups, expected) => {
    // Given
    const { server, notifier } = await facing({}, { follow_ups });
    // When
    for (const revision of [1, 2, 3, 4]) await notifier.send({ ...BARE_ALERT, revision }, signal());
    // Then
    expect(server.mails.map(({ messageId }) => Number(messageId?.split('.')[2]?.split('@')[0]))).toEqual(expected);
  });

  test('that a camera is back is mailed in any case', async () => {
    // Given
    const { server, notifier } = await facing({}, { follow_ups: 'none' });
    // When
    for (const alert of [OFFLINE_ALERT, ONLINE_ALERT]) await notifier.send(alert, signal());
    // Then
    const [away, back] = server.mails;
    expect(away?.subject).toBe('[HomeSec] Front Door is offline');
    expect(away?.text).toContain('connection refused');
    expect(back?.subject).toBe('Re: [HomeSec] Front Door is online again');
    expect(back?.inReplyTo).toBe(away?.messageId);
  });
});

describe('a mail server', () => {
  test('is spoken to in secret, with the credentials', async () => {
    // Given one with a certificate of the house's own authority
    const tls = await tlsFiles('mail');
    const { server, notifier } = await facing(
      { tls, login: { user: 'house', pass: PASSWORD } },
      { security: 'starttls', ca_file: tls.caFile, auth },
    );
    // When
    const answers = [await notifier.ping(), await notifier.send(FULL_ALERT, signal())];
    // Then
    expect(answers.map(({ ok }) => ok)).toEqual([true, true]);
    expect(server.mails.length).toBe(1);
  });

  test.each([
    ['nobody', undefined],
    ['another authority', 'other'],
  ])('whose certificate %s vouches for gets nothing', async (_who, authority) => {
    // Given
    const tls = await tlsFiles('mail');
    const ca = authority === undefined ? {} : { ca_file: (await tlsFiles(authority)).caFile };
    const { server, notifier } = await facing({ tls }, { security: 'starttls', ...ca });
    // When
    const sent = await notifier.send(FULL_ALERT, signal());
    // Then
    expect(sent).toMatchObject({ ok: false, error: { code: 'NOTIFY_UNREACHABLE' } });
    expect(server.mails).toEqual([]);
  });

  test('that does not offer encryption gets nothing', async () => {
    // Given
    const { server, notifier } = await facing({}, { security: 'starttls' });
    // When
    const sent = await notifier.send(FULL_ALERT, signal());
    // Then
    expect(sent).toMatchObject({ ok: false, error: { code: 'NOTIFY_REJECTED' } });
    expect(server.mails).toEqual([]);
  });

  test('that refuses the credentials is not asked again with them, and no error tells them', async () => {
    // Given one that quotes what it refuses
    const wrong = { username_env: 'SMTP_USER', password_env: 'WRONG_PASSWORD' };
    const { notifier } = await facing({ login: { user: 'house', pass: PASSWORD } }, { auth: wrong });
    // When
    const answers = [await notifier.send(FULL_ALERT, signal()), await notifier.ping()];
    // Then
    for (const answer of answers) {
      expect(answer).toMatchObject({ ok: false, error: { code: 'NOTIFY_REJECTED', message: expect.stringContaining('who is') } });
    }
    expect(JSON.stringify(answers)).not.toContain(secrets.WRONG_PASSWORD);
  });

  test('that says "not now" is asked again, as greylisting wants it', async () => {
    // Given one that takes a recipient at the second attempt
    let attempts = 0;
    const refuse = () => {
      attempts += 1;
      return attempts === 1 ? { code: 451, text: '4.7.1 greylisted, come back later' } : undefined;
    };
    const { server, notifier } = await facing({ refuse });
    // When
    const answers = [await notifier.send(FULL_ALERT, signal()), await notifier.send(FULL_ALERT, signal())];
    // Then
    expect(answers).toMatchObject([{ ok: false, error: { code: 'NOTIFY_UNREACHABLE' } }, { ok: true }]);
    expect(server.mails.length).toBe(1);
  });

  test('that says "no" is not asked again', async () => {
    // Given
    const { notifier } = await facing({ refuse: () => ({ code: 550, text: '5.1.1 no such user' }) });
    // When
    const sent = await notifier.send(FULL_ALERT, signal());
    // Then
    expect(sent).toMatchObject({
      ok: false,
      error: { code: 'NOTIFY_REJECTED', message: expect.stringContaining('no such user') },
    });
  });

  test('that refuses one of two recipients has delivered to the other, and the log says so', async () => {
    // Given
    const refuse = (address: string) => (address.startsWith('gone@') ? { code: 550, text: 'no such user' } : undefined);
    const { server, notifier, context } = await facing({ refuse }, { to_emails: ['owner@house.example', 'gone@house.example'] });
    // When
    const sent = await notifier.send(FULL_ALERT, signal());
    // Then
    expect(sent).toEqual({ ok: true, value: undefined });
    expect(server.recipients).toEqual([['owner@house.example']]);
    expect(context.lines).toMatchObject([{ level: 'warn', fields: { count: 1 } }]);
  });

  test('that is lost with the mail is told of, and not given it again behind the back of who asked', async () => {
    // Given one that is lost whenever it has a mail
    const { server, notifier } = await facing({ isLost: () => true });
    // When
    const sent = await notifier.send(FULL_ALERT, signal());
    await notifier.close();
    // Then
    expect(sent).toMatchObject({ ok: false, error: { code: 'NOTIFY_UNREACHABLE' } });
    expect(server.mails.length).toBe(1);
  });

  test('that hangs up before a word is asked once', async () => {
    // Given
    let calls = 0;
    const port = await listen((socket) => {
      calls += 1;
      socket.end();
    });
    const { notifier } = await facing({}, { port });
    // When
    const sent = await notifier.send(FULL_ALERT, signal());
    // Then whoever asked decides whether it is asked again
    expect(sent).toMatchObject({ ok: false, error: { code: 'NOTIFY_UNREACHABLE' } });
    expect(calls).toBe(1);
  });

  test('that talks and never comes to the point is given up', async () => {
    // Given one whose list of abilities has no end
    const port = await listen((socket) => {
      socket.write('220 hello\r\n');
      const talk = setInterval(() => socket.write('250-and one more\r\n'), 50);
      socket.on('error', () => {});
      socket.on('close', () => clearInterval(talk));
      // Who does not read does not see that the other side has hung up.
      socket.resume();
    });
    const { notifier } = await facing({}, { port, timeout_s: 0.5 });
    // When
    const sent = await notifier.send(FULL_ALERT, signal());
    // Then
    expect(sent).toMatchObject({ ok: false, error: { code: 'NOTIFY_TIMED_OUT' } });
  });

  test('is given new credentials once the old ones were refused', async () => {
    // Given a password that is put right after the first attempt
    const changing = { ...secrets, SMTP_PASSWORD: 'an old one' };
    const { notifier } = await facing({ login: { user: 'house', pass: PASSWORD } }, { auth }, changing);
    const before = await notifier.send(FULL_ALERT, signal());
    // When
    changing.SMTP_PASSWORD = PASSWORD;
    const after = await notifier.send(FULL_ALERT, signal());
    // Then
    expect([before.ok, after.ok]).toEqual([false, true]);
  });

  test('that never answers is given up', async () => {
    // Given
    const { notifier } = await facing({ wait: () => new Promise(() => {}) }, { timeout_s: 0.5 });
    // When
    const sent = await notifier.send(FULL_ALERT, signal());
    // Then
    expect(sent).toMatchObject({ ok: false, error: { code: 'NOTIFY_TIMED_OUT' } });
  });

  test('can be left in the middle of a mail', async () => {
    // Given one that has the mail and takes its time
    let hasMail = false;
    const answer = Promise.withResolvers<void>();
    const wait = () => {
      hasMail = true;
      return answer.promise;
    };
    const { notifier } = await facing({ wait });
    const cancel = new AbortController();
    const sending = notifier.send(FULL_ALERT, cancel.signal);
    await waitUntil('the mail', () => hasMail);
    // When
    const reason = new Error('called off');
    cancel.abort(reason);
    answer.resolve();
    // Then it is over at once, whatever the server says
    await expect(sending).rejects.toBe(reason);
  });
});

describe('the config', () => {
  const whole = { host: 'mail.example', from_email: 'a@house.example', to_emails: ['b@house.example'] };

  test.each([
    [{ security: 'none', auth }, ['security']],
    [{ subject_template: '{camera}' }, ['subject_template']],
    [{ text_template: '{snapshot}' }, ['text_template']],
    [{ html_template: '<p>{sumary}</p>' }, ['html_template']],
    [{ to_emails: ['nobody'] }, ['to_emails', 0]],
    [{ to_emails: ['a@b.example\r\nBcc: c@d.example'] }, ['to_emails', 0]],
    [{ to_emails: [] }, ['to_emails']],
    [{ timezone: 'Berlin' }, ['timezone']],
  ])('refuses %j', (config, where) => {
    // Given
    // When
    const parsed = smtpNotifier.configSchema.safeParse({ ...whole, ...config });
    // Then
    expect(parsed.error?.issues.map(({ path }) => path)).toEqual([where]);
  });

  test('takes a server on this machine without encryption', () => {
    // Given
    // When
    const parsed = smtpNotifier.configSchema.safeParse({ ...whole, host: '127.0.0.1', security: 'none', auth });
    // Then
    expect(parsed.success).toBe(true);
  });
});

const signal = (): AbortSignal => new AbortController().signal;
