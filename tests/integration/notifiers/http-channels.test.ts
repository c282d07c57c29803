import { describe, expect, test } from 'vitest';
import { ntfyNotifier } from '../../../src/plugins/notifiers/ntfy/index.ts';
import { sendgridEmailNotifier } from '../../../src/plugins/notifiers/sendgrid-email/index.ts';
import { webhookNotifier } from '../../../src/plugins/notifiers/webhook/index.ts';
import type { Creation, PluginContext } from '../../../src/plugins/spec/plugin.ts';
import { type Answer, openHttpReceiver, type Reply } from '../../support/http-receiver.ts';
import { useCleanup } from '../../support/mqtt-channel.ts';
import { createTestContext } from '../../support/plugin-context.ts';
import { BARE_ALERT } from '../../support/sample-alert.ts';
import { waitUntil } from '../../support/wait-until.ts';

const SECRET = 'SG.very-secret-0123456789';
const secrets = { SENDGRID_API_KEY: SECRET, TOKEN: SECRET, HEADER: SECRET };

/** Each with a secret in what it sends. */
const CHANNELS: readonly (readonly [
  string,
  (origin: string, context: PluginContext, timeoutS: number) => Creation<'notifier'>,
])[] = [
  [
    'webhook',
    (origin, context, timeout_s) => {
      const headers_env = { Authorization: 'HEADER' };
      return webhookNotifier.create(webhookNotifier.configSchema.parse({ url: origin, headers_env, timeout_s }), context);
    },
  ],
  [
    'ntfy',
    (origin, context, timeout_s) => {
      const config = { server: origin, topic: 'house', token_env: 'TOKEN', timeout_s };
      return ntfyNotifier.create(ntfyNotifier.configSchema.parse(config), context);
    },
  ],
  [
    'sendgrid_email',
    (origin, context, request_timeout_s) => {
      const mail = { from_email: 'a@house.example', to_emails: ['b@house.example'] };
      const config = { api_base: origin, ...mail, request_timeout_s };
      return sendgridEmailNotifier.create(sendgridEmailNotifier.configSchema.parse(config), context);
    },
  ],
];

describe.each(CHANNELS)('%s', (_name, create) => {
  const cleanup = useCleanup();

  async function facing(answer: Answer, timeoutS = 10) {
    const server = await openHttpReceiver(answer);
    cleanup(server.close);
    const notifier = await create(server.origin, createTestContext({ secrets }), timeoutS);
    cleanup(() => notifier.close());
    return { server, notifier };
  }

  test.each([408, 425, 429, 500, 502, 503])('is to be tried again after a %i, when the server says', async (status) => {
    // Given a server that has no time now
    const { notifier } = await facing(() => ({ status, headers: { 'retry-after': '17' } }));
    // When
    const sent = await notifier.send(BARE_ALERT, signal());
    // Then
    expect(sent).toMatchObject({ ok: false, error: { code: 'NOTIFY_UNREACHABLE', retryAfterMs: 17_000 } });
  });

  test.each([400, 401, 403, 404, 410, 413, 422])('is not to be tried again after a %i', async (status) => {
    // Given a server that will not have it
    const { notifier } = await facing(() => ({ status, headers: { 'retry-after': '17' } }));
    // When
    const sent = await notifier.send(BARE_ALERT, signal());
    // Then
    expect(sent).toMatchObject({ ok: false, error: { code: 'NOTIFY_REJECTED' } });
  });

  test.each([301, 302, 307, 308])('follows no redirect: %i', async (status) => {
    // Given a server that sends on, and one it sends to
    const elsewhere = await openHttpReceiver();
    cleanup(elsewhere.close);
    const { notifier } = await facing(() => ({ status, headers: { location: `${elsewhere.origin}/house` } }));
    // When
    const sent = await notifier.send(BARE_ALERT, signal());
    // Then
    expect(sent).toMatchObject({ ok: false, error: { code: 'NOTIFY_REJECTED' } });
    expect(elsewhere.requests).toEqual([]);
  });

  test('keeps secrets out of errors, also when the server quotes them', async () => {
    // Given
    const { server, notifier } = await facing(({ headers }) => ({
      status: 401,
      body: JSON.stringify({ errors: [{ message: `who is ${headers.authorization}?` }] }),
    }));
    // When
    const sent = await notifier.send(BARE_ALERT, signal());
    // Then it was sent, and what came back is shown without it
    expect(server.requests[0]?.headers.authorization).toContain(SECRET);
    expect(sent).toMatchObject({ ok: false, error: { message: expect.stringContaining('who is') } });
    expect(JSON.stringify(sent)).not.toContain(SECRET);
  });

  test('keeps a secret out of errors that cuts in the middle of it', async () => {
    // Given a server that quotes it after more or less of other text
    let filling = 0;
    const { notifier } = await facing(({ headers }) => ({
      status: 401,
      body: JSON.stringify({ errors: [{ message: `${'x'.repeat(filling)} ${headers.authorization}` }] }),
    }));
    // When
    const answers = [];
    for (filling of [150, 160, 170, 180, 190, 270, 280, 290]) answers.push(await notifier.send(BARE_ALERT, signal()));
    // Then
    expect(JSON.stringify(answers)).toContain('xxx');
    expect(JSON.stringify(answers)).not.toContain(SECRET.slice(0, 6));
  });

  test('gives up on a server that does not answer', async () => {
    // Given
    const { notifier } = await facing(() => new Promise(() => {}), 0.2);
    // When
    const sent = await notifier.send(BARE_ALERT, signal());
    // Then
    expect(sent).toMatchObject({ ok: false, error: { code: 'NOTIFY_TIMED_OUT' } });
  });

  test('can be called off in the middle', async () => {
    // Given a server that has the alert and takes its time
    const answer = Promise.withResolvers<Reply>();
    const { server, notifier } = await facing(() => answer.promise);
    const cancel = new AbortController();
    const sending = notifier.send(BARE_ALERT, cancel.signal);
    await waitUntil('the request', () => server.requests.length > 0);
    // When
    const reason = new Error('called off');
    cancel.abort(reason);
    answer.resolve({ status: 200 });
    // Then it is over at once, whatever the server says
    await expect(sending).rejects.toBe(reason);
  });

  test('says which variable is not set', async () => {
    // Given
    const server = await openHttpReceiver();
    cleanup(server.close);
    const notifier = await create(server.origin, createTestContext(), 10);
    // When
    const sent = await notifier.send(BARE_ALERT, signal());
    const ping = await notifier.ping();
    // Then
    for (const answer of [sent, ping]) expect(answer).toMatchObject({ ok: false, error: { code: 'SECRET_MISSING' } });
    expect(server.requests).toEqual([]);
  });
});

const signal = (): AbortSignal => new AbortController().signal;
