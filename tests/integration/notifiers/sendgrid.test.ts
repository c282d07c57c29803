import { describe, expect, test } from 'vitest';
import { sendgridEmailNotifier } from '../../../src/plugins/notifiers/sendgrid-email/index.ts';
import { type Answer, openHttpReceiver } from '../../support/http-receiver.ts';
import { SENDGRID_SERVER, sendgridError } from '../../support/http-services.ts';
import { useCleanup } from '../../support/mqtt-channel.ts';
import { createTestContext } from '../../support/plugin-context.ts';
import { FULL_ALERT } from '../../support/sample-alert.ts';

const JPEG = Uint8Array.from([0xff, 0xd8, 0xff, 0xd9]);
const MAIL = { from_email: 'homesec@house.example', to_emails: ['owner@house.example'] };

describe('what SendGrid receives', () => {
  const cleanup = useCleanup();

  async function channel(config: Record<string, unknown> = {}, answer: Answer = SENDGRID_SERVER, key = 'SG.key') {
    const server = await openHttpReceiver(answer);
    cleanup(server.close);
    const parsed = sendgridEmailNotifier.configSchema.parse({ api_base: `${server.origin}/v3`, ...MAIL, ...config });
    const notifier = await sendgridEmailNotifier.create(parsed, createTestContext({ secrets: { SENDGRID_API_KEY: key } }));
    return { server, notifier };
  }

  test('is one mail to all, whose links and opening it is not to follow', async () => {
    // Given
    const { server, notifier } = await channel({ cc_emails: ['cc@house.example'], bcc_emails: ['bcc@house.example'] });
    // When
    const sent = await notifier.send({ ...FULL_ALERT, snapshot: JPEG }, signal());
    // Then
    expect(sent).toEqual({ ok: true, value: undefined });
    const [request] = server.accepted;
    expect(request).toMatchObject({ method: 'POST', path: '/v3/mail/send', headers: { authorization: 'Bearer SG.key' } });
    expect(JSON.parse(request?.body.toString() ?? '')).toMatchObject({
      from: { email: 'homesec@house.example', name: 'HomeSec' },
      personalizations: [
        {
          to: [{ email: 'owner@house.example' }],
          cc: [{ email: 'cc@house.example' }],
          bcc: [{ email: 'bcc@house.example' }],
        },
      ],
      subject: '[HomeSec] Front Door: suspicious behavior (high risk)',
      content: [
        { type: 'text/plain', value: expect.stringContaining('Jemand rüttelt') },
        { type: 'text/html', value: expect.stringContaining('<img src="cid:snapshot@homesec"') },
      ],
      attachments: [
        {
          content: '/9j/2Q==',
          filename: 'snapshot.jpg',
          type: 'image/jpeg',
          disposition: 'inline',
          content_id: 'snapshot@homesec',
        },
      ],
      tracking_settings: { click_tracking: { enable: false }, open_tracking: { enable: false } },
    });
  });

  test('has the thread of an alert and its update in the headers', async () => {
    // Given
    const { server, notifier } = await channel();
    // When
    for (const revision of [1, 2, 3]) await notifier.send({ ...FULL_ALERT, revision }, signal());
    // Then
    const [first, update, ...more] = server.accepted.map(({ body }) => JSON.parse(body.toString()).headers);
    expect(more).toEqual([]);
    expect(first['Message-ID']).toMatch(/^<homesec\.[0-9a-f]{32}\.1@house\.example>$/);
    expect(update).toMatchObject({ 'In-Reply-To': first['Message-ID'], References: first['Message-ID'] });
  });

  test('is asked after the key, to see whether it may send, and sent nothing', async () => {
    // Given a good key, one that may only read, and a wrong one
    const reading: Answer = () => ({ status: 200, body: JSON.stringify({ scopes: ['stats.read'] }) });
    const good = await channel();
    const narrow = await channel({}, reading);
    const wrong = await channel({}, SENDGRID_SERVER, 'SG.other');
    // When
    const pings = await Promise.all([good, narrow, wrong].map(({ notifier }) => notifier.ping()));
    // Then
    const refused = { ok: false, error: { code: 'NOTIFY_REJECTED' } };
    expect(pings).toMatchObject([{ ok: true }, refused, refused]);
    expect(good.server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /v3/scopes']);
  });

  test('is left alone for as long as its rate limit says', async () => {
    // Given a limit that ends in a minute
    const resetAtS = Math.ceil(Date.now() / 1000) + 60;
    const limited = { ...sendgridError(429, 'too many requests'), headers: { 'x-ratelimit-reset': String(resetAtS) } };
    const { notifier } = await channel({}, () => limited);
    // When
    const sent = await notifier.send(FULL_ALERT, signal());
    // Then
    expect(sent).toMatchObject({ ok: false, error: { message: 'SendGrid answered 429: too many requests' } });
    const retryAfterMs = sent.ok ? 0 : (sent.error.retryAfterMs ?? 0);
    expect(retryAfterMs).toBeGreaterThan(30_000);
    expect(retryAfterMs).toBeLessThanOrEqual(61_000);
  });

  test('names no address twice, for SendGrid takes no such mail', () => {
    // Given
    const config = { ...MAIL, cc_emails: ['Owner@house.example'] };
    // When
    const parsed = sendgridEmailNotifier.configSchema.safeParse(config);
    // Then
    expect(parsed.error?.issues.map(({ path }) => path)).toEqual([['to_emails']]);
  });
});

const signal = (): AbortSignal => new AbortController().signal;
