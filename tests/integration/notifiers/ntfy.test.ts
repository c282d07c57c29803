import { describe, expect, test } from 'vitest';
import { ntfyNotifier } from '../../../src/plugins/notifiers/ntfy/index.ts';
import { type Answer, openHttpReceiver, type ReceivedRequest, type Reply } from '../../support/http-receiver.ts';
import { NTFY_SERVER, ntfyError } from '../../support/http-services.ts';
import { useCleanup } from '../../support/mqtt-channel.ts';
import { createTestContext } from '../../support/plugin-context.ts';
import { BARE_ALERT, FULL_ALERT, OFFLINE_ALERT, ONLINE_ALERT } from '../../support/sample-alert.ts';

const JPEG = Uint8Array.from([0xff, 0xd8, 0xff, 0xd9]);

describe('what an ntfy server receives', () => {
  const cleanup = useCleanup();

  async function channel(config: Record<string, unknown> = {}, answer: Answer = NTFY_SERVER) {
    const server = await openHttpReceiver(answer);
    cleanup(server.close);
    const parsed = ntfyNotifier.configSchema.parse({
      server: `${server.origin}/`,
      topic: 'house',
      timezone: 'Europe/Berlin',
      ...config,
    });
    return { server, notifier: ntfyNotifier.create(parsed, createTestContext({ secrets: { NTFY_TOKEN: 'tk_1' } })) };
  }

  test('is the alert in words, as loud as its risk, with a link to the clip', async () => {
    // Given
    const { server, notifier } = await channel({ token_env: 'NTFY_TOKEN', tags: ['house'] });
    // When
    await notifier.send(FULL_ALERT, signal());
    // Then
    const [request] = server.accepted;
    expect(request).toMatchObject({
      method: 'POST',
      path: '/house',
      headers: {
        authorization: 'Bearer tk_1',
        'x-title': 'Front Door: suspicious behavior (high risk)',
        'x-priority': '4',
        'x-tags': 'warning,house',
        'x-click': 'https://homesec.example/clips/1',
      },
    });
    expect(request?.body.toString()).toBe('Jemand rüttelt an der Tür. 🚪 "Hallo?"\nMon, 23 Nov 2026, 03:27:00 CET');
  });

  test('has the picture as its body and the words as a header, whatever signs they have', async () => {
    // Given words that no header could hold as they are
    const { server, notifier } = await channel();
    const alert = { ...FULL_ALERT, cameraName: 'Haustür\r\nX-Click: http://evil.example', snapshot: JPEG };
    // When
    await notifier.send(alert, signal());
    // Then
    const [request] = server.accepted;
    expect(request).toMatchObject({ method: 'PUT', headers: { 'x-filename': 'snapshot.jpg', 'x-click': FULL_ALERT.viewUrl } });
    expect(new Uint8Array(request?.body ?? [])).toEqual(JPEG);
    expect(decoded(request, 'x-title')).toBe('Haustür X-Click: http://evil.example: suspicious behavior (high risk)');
    expect(decoded(request, 'x-message')).toContain('Jemand rüttelt an der Tür. 🚪 "Hallo?"\n');
  });

  test('is the words alone where the server takes no files, or the owner wants none', async () => {
    // Given
    const noFiles: Answer = (request) =>
      request.headers['x-filename'] === undefined ? NTFY_SERVER(request) : ntfyError(400, 40014, 'attachments not allowed');
    const { server, notifier } = await channel({}, noFiles);
    const without = await channel({ snapshot: 'none' });
    // When
    const sent = await notifier.send({ ...FULL_ALERT, snapshot: JPEG }, signal());
    await without.notifier.send({ ...FULL_ALERT, snapshot: JPEG }, signal());
    // Then
    expect(sent.ok).toBe(true);
    expect(server.requests.map(({ method }) => method)).toEqual(['PUT', 'POST']);
    expect(without.server.requests.map(({ method }) => method)).toEqual(['POST']);
  });

  test.each([
    ['takes no more files today', async () => ntfyError(429, 42905, 'limit reached: daily traffic')],
    ['lies behind too slow a line', () => new Promise<Reply>(() => {})],
  ])('is the words alone, at once, where the server %s', async (_why, toFile) => {
    // Given
    const answer: Answer = (request) => (request.headers['x-filename'] === undefined ? NTFY_SERVER(request) : toFile());
    const { server, notifier } = await channel({ timeout_s: 0.3 }, answer);
    // When
    const sent = await notifier.send({ ...FULL_ALERT, snapshot: JPEG }, signal());
    // Then
    expect(sent.ok).toBe(true);
    expect(server.accepted.map(({ method }) => method)).toEqual(['POST']);
  });

  test('has one id for an alert and its updates, and another for another alert', async () => {
    // Given
    const { server, notifier } = await channel();
    // When
    for (const revision of [1, 1, 2]) await notifier.send({ ...BARE_ALERT, revision }, signal());
    await notifier.send({ ...BARE_ALERT, dedupeKey: 'other' }, signal());
    // Then
    const ids = server.accepted.map(({ headers }) => headers['x-sequence-id']);
    expect(new Set(ids.slice(0, 3)).size).toBe(1);
    expect(new Set(ids).size).toBe(2);
  });

  test('says how sure and how late an alert is, and no address that is no link', async () => {
    // Given
    const { server, notifier } = await channel({ priorities: { unknown: 1 } });
    // When
    await notifier.send({ ...BARE_ALERT, viewUrl: 'javascript:alert(1)' }, signal());
    // Then
    const [request] = server.accepted;
    expect(request?.headers).toMatchObject({ 'x-title': 'Front Door: motion', 'x-priority': '1' });
    expect(request?.headers).not.toHaveProperty('x-click');
    expect(request?.body.toString()).toContain('Unverified: no detector has confirmed it.');
  });

  test('says how sure it is also behind a summary without an end', async () => {
    // Given
    const { server, notifier } = await channel();
    // When
    await notifier.send({ ...BARE_ALERT, summary: 'and then '.repeat(1_000) }, signal());
    // Then
    const text = server.accepted[0]?.body.toString() ?? '';
    expect(text.length).toBeLessThanOrEqual(1_000);
    expect(text).toMatch(/^and then .*…\nUnverified: no detector has confirmed it\..*CET$/s);
  });

  test('tells of a camera that is away, and replaces it when it is back', async () => {
    // Given
    const { server, notifier } = await channel();
    // When
    for (const alert of [OFFLINE_ALERT, ONLINE_ALERT]) await notifier.send(alert, signal());
    // Then
    const [away, back] = server.accepted;
    expect(away).toMatchObject({ headers: { 'x-title': 'Front Door is offline', 'x-priority': '4', 'x-tags': 'no_entry' } });
    expect(away?.body.toString()).toContain('connection refused');
    expect(back).toMatchObject({ headers: { 'x-title': 'Front Door is online again', 'x-priority': '3' } });
    expect(back?.headers['x-sequence-id']).toBe(away?.headers['x-sequence-id']);
  });

  test('is asked for its health, with the token, to see whether it is there', async () => {
    // Given
    const { server, notifier } = await channel({ token_env: 'NTFY_TOKEN' });
    const strict = await channel({ token_env: 'NTFY_TOKEN' }, () => ntfyError(401, 40101, 'unauthorized'));
    // When
    const pings = [await notifier.ping(), await strict.notifier.ping()];
    // Then
    expect(pings).toMatchObject([{ ok: true }, { ok: false, error: { code: 'NOTIFY_REJECTED' } }]);
    expect(server.requests).toMatchObject([{ method: 'GET', path: '/v1/health', headers: { authorization: 'Bearer tk_1' } }]);
  });
});

/** A header's text, as RFC 2047 has it. */
function decoded(request: ReceivedRequest | undefined, name: string): string {
  const value = String(request?.headers[name]);
  return Buffer.from(/^=\?UTF-8\?B\?(.*)\?=$/.exec(value)?.[1] ?? '', 'base64').toString();
}

const signal = (): AbortSignal => new AbortController().signal;
