import { createHmac } from 'node:crypto';
import { simpleParser } from 'mailparser';
import { describe, expect, test } from 'vitest';
import { webhookNotifier } from '../../../src/plugins/notifiers/webhook/index.ts';
import { openHttpReceiver, type ReceivedRequest } from '../../support/http-receiver.ts';
import { useCleanup } from '../../support/mqtt-channel.ts';
import { createTestContext } from '../../support/plugin-context.ts';
import { BARE_ALERT, FULL_ALERT } from '../../support/sample-alert.ts';

const KEY = Buffer.alloc(32, 7);
const secrets = { WEBHOOK_SECRET: `whsec_${KEY.toString('base64')}`, WEBHOOK_TOKEN: 'tk_secret' };
const JPEG = Uint8Array.from([0xff, 0xd8, 0xff, 0xd9]);

describe('what a webhook receives', () => {
  const cleanup = useCleanup();

  async function channel(config: Record<string, unknown> = {}) {
    const server = await openHttpReceiver();
    cleanup(server.close);
    const context = createTestContext({ secrets: { ...secrets, WEBHOOK_URL: `${server.origin}/hooks/s3cret?x=1` } });
    const target = 'url_env' in config ? {} : { url: `${server.origin}/hook` };
    const notifier = webhookNotifier.create(webhookNotifier.configSchema.parse({ ...target, ...config }), context);
    return { server, notifier };
  }

  async function received(config: Record<string, unknown>, alert = FULL_ALERT): Promise<ReceivedRequest> {
    const { server, notifier } = await channel(config);
    expect(await notifier.send(alert, signal())).toEqual({ ok: true, value: undefined });
    const [request] = server.accepted;
    if (request === undefined) throw new Error('nothing came');
    return request;
  }

  test('is the alert as JSON, with a key that a repeat shares and an update does not', async () => {
    // Given
    const { server, notifier } = await channel({ method: 'PUT', headers: { 'X-House': 'home' } });
    // When
    for (const revision of [1, 1, 2]) await notifier.send({ ...BARE_ALERT, revision }, signal());
    // Then
    const keys = server.accepted.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toEqual([`${BARE_ALERT.dedupeKey}.1`, `${BARE_ALERT.dedupeKey}.1`, `${BARE_ALERT.dedupeKey}.2`]);
    const [first] = server.accepted;
    expect(first).toMatchObject({
      method: 'PUT',
      path: '/hook',
      headers: { 'x-house': 'home', 'content-type': 'application/json' },
    });
    expect(JSON.parse(first?.body.toString() ?? '')).toMatchObject({
      dedupe_key: BARE_ALERT.dedupeKey,
      unverified: true,
      summary: null,
    });
  });

  test('is signed, so that who has the key can tell that it is ours and new', async () => {
    // Given
    const before = Math.floor(Date.now() / 1000);
    // When
    const { headers, body } = await received({ secret_env: 'WEBHOOK_SECRET' });
    // Then the check that the README describes agrees
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body.toString()}`;
    const expected = createHmac('sha256', KEY).update(signed).digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${expected}`);
    expect(Number(headers['webhook-timestamp'])).toBeGreaterThanOrEqual(before);
    expect(headers['webhook-id']).toMatch(/^[0-9a-f]{32}-1$/);
  });

  test.each(['no prefix at all', 'whsec_', 'whsec_c2hvcnQ=', `whsec_${'A'.repeat(120)}`])(
    'is not sent with the key %j',
    async (key) => {
      // Given
      const server = await openHttpReceiver();
      cleanup(server.close);
      const config = webhookNotifier.configSchema.parse({ url: server.origin, secret_env: 'KEY' });
      const notifier = webhookNotifier.create(config, createTestContext({ secrets: { KEY: key } }));
      // When
      const sent = await notifier.send(FULL_ALERT, signal());
      // Then
      expect(sent).toMatchObject({ ok: false, error: { code: 'NOTIFY_REJECTED', message: expect.stringContaining('KEY') } });
      expect(server.requests).toEqual([]);
    },
  );

  test('has the picture as base64 where so configured', async () => {
    // Given
    const config = { snapshot: 'base64' };
    // When
    const { body } = await received(config, { ...FULL_ALERT, snapshot: JPEG });
    // Then
    expect(JSON.parse(body.toString())).toMatchObject({ camera_name: 'Front Door', snapshot: '/9j/2Q==' });
  });

  test('has the picture as a part of its own where so configured, and all of it is signed', async () => {
    // Given
    const config = { snapshot: 'multipart', secret_env: 'WEBHOOK_SECRET' };
    // When
    const { headers, body } = await received(config, { ...FULL_ALERT, snapshot: JPEG });
    // Then
    const parts = await partsOf(headers['content-type'] ?? '', body);
    expect(parts.map(({ filename }) => filename)).toEqual(['alert.json', 'snapshot.jpg']);
    expect(JSON.parse(parts[0]?.content.toString() ?? '')).toMatchObject({ camera_name: 'Front Door' });
    expect(new Uint8Array(parts[1]?.content ?? [])).toEqual(JPEG);
    const signed = Buffer.concat([Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`), body]);
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', KEY).update(signed).digest('base64')}`);
  });

  test.each(['none', 'base64', 'multipart'])('has no picture where there is none, with snapshot: %s', async (snapshot) => {
    // Given
    // When
    const { body } = await received({ snapshot });
    // Then
    expect(JSON.parse(body.toString())).not.toHaveProperty('snapshot');
  });

  test('goes where a variable says, which no error tells', async () => {
    // Given a server that answers, and is gone after
    const { server, notifier } = await channel({ url_env: 'WEBHOOK_URL', headers_env: { 'X-Token': 'WEBHOOK_TOKEN' } });
    // When
    await notifier.send(FULL_ALERT, signal());
    await server.close();
    const failed = [await notifier.send(FULL_ALERT, signal()), await notifier.ping()];
    // Then
    expect(server.accepted).toMatchObject([{ path: '/hooks/s3cret?x=1', headers: { 'x-token': 'tk_secret' } }]);
    for (const answer of failed) expect(answer.ok).toBe(false);
    expect(JSON.stringify(failed)).not.toMatch(/s3cret|tk_secret/);
  });

  test('has come when the server says so, however its answer ends', async () => {
    // Given servers whose answers never end
    const [takes, refuses] = [await openHttpReceiver(() => endless(200)), await openHttpReceiver(() => endless(403))];
    for (const { close } of [takes, refuses]) cleanup(close);
    const to = (url: string) =>
      webhookNotifier.create(webhookNotifier.configSchema.parse({ url, timeout_s: 0.5 }), createTestContext());
    // When
    const sent = await Promise.all([takes, refuses].map(({ origin }) => to(origin).send(FULL_ALERT, signal())));
    // Then neither is sent again
    expect(sent).toMatchObject([{ ok: true }, { ok: false, error: { code: 'NOTIFY_REJECTED' } }]);
  });

  test('is the alert alone where the server refuses the picture', async () => {
    // Given
    const small = await openHttpReceiver(({ body }) => ({ status: body.includes('snapshot') ? 413 : 200 }));
    cleanup(small.close);
    const config = webhookNotifier.configSchema.parse({ url: small.origin, snapshot: 'base64' });
    // When
    const sent = await webhookNotifier.create(config, createTestContext()).send({ ...FULL_ALERT, snapshot: JPEG }, signal());
    // Then
    expect(sent).toEqual({ ok: true, value: undefined });
    expect(small.accepted.map(({ body }) => JSON.parse(body.toString()))).toMatchObject([{ camera_name: 'Front Door' }]);
  });

  test('goes with secrets of which a server that quotes them in part tells nothing', async () => {
    // Given a server that says which path and token it does not know
    const server = await openHttpReceiver(({ path, headers }) => ({
      status: 404,
      body: `no ${new URL(path, 'http://a').pathname} (${decodeURIComponent(path.slice(7))}) for ${headers.authorization?.slice(8)}`,
    }));
    cleanup(server.close);
    const known = { URL: `${server.origin}/hooks/s3cr%20et-path?x=1`, AUTHORIZATION: 'Custom  s3cr-token' };
    const config = { url_env: 'URL', headers_env: { Authorization: 'AUTHORIZATION' } };
    const notifier = webhookNotifier.create(webhookNotifier.configSchema.parse(config), createTestContext({ secrets: known }));
    // When
    const sent = await notifier.send(FULL_ALERT, signal());
    // Then
    expect(server.requests).toHaveLength(1);
    expect(sent).toMatchObject({ ok: false, error: { message: expect.stringContaining('[redacted]') } });
    expect(JSON.stringify(sent)).not.toContain('s3cr');
  });

  test('is nothing when it is only asked whether it is there', async () => {
    // Given
    const { server, notifier } = await channel();
    // When
    const ping = await notifier.ping();
    // Then
    expect(ping).toEqual({ ok: true, value: undefined });
    expect(server.requests).toEqual([]);
  });
});

describe('the config of a webhook', () => {
  test.each([
    [{}, 'url'],
    [{ url: 'http://a.example', url_env: 'B' }, 'url'],
    [{ url: 'ftp://a.example' }, 'url'],
    [{ url: 'http://user:password@a.example' }, 'url'],
    [{ url: 'http://a.example/hook?access_token=abc' }, 'url'],
    [{ url: 'http://a.example', headers: { Expect: '100-continue' } }, 'headers'],
    [{ url: 'http://a.example', headers: { 'X-House': 'home' }, headers_env: { 'x-house': 'HOUSE' } }, 'headers_env'],
    [{ url: 'http://a.example', headers: { 'Webhook-Signature': 'v1,x' } }, 'headers'],
    [{ url: 'http://a.example', headers: { 'X-A': 'a\r\nX-B: b' } }, 'headers'],
    [{ url: 'http://a.example', headers: { 'X A': 'a' } }, 'headers'],
    [{ url: 'http://a.example', timeout_s: 60 }, 'timeout_s'],
  ])('refuses %j', (config, where) => {
    // Given
    // When
    const parsed = webhookNotifier.configSchema.safeParse(config);
    // Then
    expect(parsed.error?.issues.map(({ path }) => path[0])).toEqual([where]);
  });
});

/** Multipart bodies are MIME, whoever sends them. */
const partsOf = async (contentType: string, body: Buffer) =>
  (await simpleParser(Buffer.concat([Buffer.from(`Content-Type: ${contentType}\r\n\r\n`), body]))).attachments;

const endless = (status: number) => ({ status, isEndless: true });

const signal = (): AbortSignal => new AbortController().signal;
