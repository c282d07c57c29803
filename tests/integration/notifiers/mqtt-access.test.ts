import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startMosquitto, subscribe } from '../../support/mqtt-brokers.ts';
import { createChannel, useCleanup } from '../../support/mqtt-channel.ts';
import { BARE_ALERT } from '../../support/sample-alert.ts';
import { createTlsFiles, type TlsFiles } from '../../support/tls-files.ts';
import { waitUntil } from '../../support/wait-until.ts';

const PASSWORD = 'korrekt-Pferd:Batterie@Heftklammer%';
const AUTH = { username_env: 'MQTT_USER', password_env: 'MQTT_PASSWORD' };
const PUBLISHER = fileURLToPath(new URL('../../support/mqtt-publisher-process.ts', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'homesec-mqtt-access-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a broker with passwords and access rules', () => {
  const cleanup = useCleanup();

  async function guarded() {
    const passwords = join(folder, 'passwords');
    const rules = join(folder, 'rules');
    execFileSync('mosquitto_passwd', ['-c', '-b', passwords, 'homesec', PASSWORD], { stdio: 'ignore' });
    await writeFile(rules, 'user homesec\ntopic readwrite homecam/#\ntopic readwrite homesec/#\n');
    const settings = ['allow_anonymous false', `password_file ${passwords}`, `acl_file ${rules}`];
    const broker = await startMosquitto(settings);
    cleanup(broker.kill);
    const open = async (config: object, secrets: Record<string, string>) => {
      const made = await createChannel({ host: broker.host, port: broker.port, ...config }, secrets);
      cleanup(() => made.notifier.close());
      return made;
    };
    return { broker, open };
  }

  test('takes an alert with the right password, which stands in no log line', async () => {
    // Given
    const { broker, open } = await guarded();
    const subscriber = await subscribe(broker.port, 'homecam/#', ['-u', 'homesec', '-P', PASSWORD]);
    cleanup(subscriber.stop);
    const { notifier, context } = await open({ auth: AUTH }, { MQTT_USER: 'homesec', MQTT_PASSWORD: PASSWORD });
    // When
    const sent = await notifier.send(BARE_ALERT, signal());
    // Then
    expect(sent).toEqual({ ok: true, value: undefined });
    await waitUntil('the alert', () => subscriber.lines.length === 1);
    expect(inspect([notifier, context.lines], { depth: 20, showHidden: true })).not.toContain(PASSWORD);
  });

  test.each([
    ['a wrong password', { auth: AUTH }, { MQTT_USER: 'homesec', MQTT_PASSWORD: `${PASSWORD}-wrong` }],
    ['no password', {}, {}],
  ])('refuses %s for good, and the message does not repeat it', async (_how, config, secrets) => {
    // Given
    const { open } = await guarded();
    const { notifier, context } = await open(config, secrets);
    // When
    const sent = await notifier.send(BARE_ALERT, signal());
    const ping = await notifier.ping();
    // Then
    expect(sent).toMatchObject({ ok: false, error: { code: 'NOTIFY_REJECTED' } });
    expect(ping.ok).toBe(false);
    expect(inspect([sent, context.lines], { depth: 20 })).not.toContain(PASSWORD);
  });

  test.each(['MQTT_USER', 'MQTT_PASSWORD'])('is not even asked while the variable %s is not set', async (missing) => {
    // Given
    const { open } = await guarded();
    const { [missing]: _none, ...secrets }: Record<string, string> = { MQTT_USER: 'homesec', MQTT_PASSWORD: PASSWORD };
    const { notifier } = await open({ auth: AUTH }, secrets);
    // When
    const sent = await notifier.send(BARE_ALERT, signal());
    // Then
    expect(sent).toMatchObject({ ok: false, error: { code: 'SECRET_MISSING', message: expect.stringContaining(missing) } });
  });

  test('that forbids the topic makes the alert visibly undelivered', async () => {
    // Given rules that allow homecam/# alone; a broker of MQTT 3.1.1 would acknowledge and drop it
    const { open } = await guarded();
    const config = { auth: AUTH, topic_template: 'forbidden/{camera_name}' };
    const { notifier } = await open(config, { MQTT_USER: 'homesec', MQTT_PASSWORD: PASSWORD });
    // When
    const sent = await notifier.send(BARE_ALERT, signal());
    // Then
    expect(sent).toMatchObject({
      ok: false,
      error: { code: 'NOTIFY_REJECTED', message: expect.stringMatching(/not authorized/i) },
    });
  });

  test('is found by the URL in a variable, whose password is not shown', async () => {
    // Given
    const { broker, open } = await guarded();
    const url = (password: string) => `mqtt://homesec:${encodeURIComponent(password)}@${broker.host}:${broker.port}`;
    const right = await open({ host: undefined, port: undefined }, { HOMESEC_MQTT_URL: url(PASSWORD) });
    const wrong = await open({ host: undefined, port: undefined, url_env: 'OTHER_URL' }, { OTHER_URL: url('falsches-Pferd') });
    const garbled = await open({ host: undefined, port: undefined }, { HOMESEC_MQTT_URL: `http://homesec:${PASSWORD}@x` });
    // When
    const sent = [];
    for (const { notifier } of [right, wrong, garbled]) sent.push(await notifier.send(BARE_ALERT, signal()));
    // Then
    expect(sent[0]).toEqual({ ok: true, value: undefined });
    expect(sent[1]).toMatchObject({ ok: false, error: { code: 'NOTIFY_REJECTED' } });
    expect(sent[2]).toMatchObject({
      ok: false,
      error: { code: 'NOTIFY_REJECTED', message: expect.stringContaining('HOMESEC_MQTT_URL') },
    });
    expect(inspect([sent, wrong.context.lines, garbled.context.lines], { depth: 20 })).not.toMatch(/Pferd/);
  });

  test('is spoken to by a process whose debug output does not show the password', async () => {
    // Given a process with all debug output on
    const { broker } = await guarded();
    const config = JSON.stringify({ host: broker.host, port: broker.port, auth: AUTH });
    const env = { ...process.env, DEBUG: '*', MQTT_USER: 'homesec', MQTT_PASSWORD: PASSWORD };
    // When it sends, and is stopped after a while since it would stay
    const child = spawnSync(process.execPath, [PUBLISHER, config, 'once'], { env, encoding: 'utf8', timeout: 20_000 });
    // Then
    expect(child.stdout).toContain('sent');
    expect(child.stdout + child.stderr).not.toContain(PASSWORD);
    // Nor as the bytes of a printed buffer.
    expect(child.stdout + child.stderr).not.toContain(inspect(Buffer.from(PASSWORD)).slice(8, -1));
  });
});

describe('a broker with TLS', () => {
  const cleanup = useCleanup();
  let home: TlsFiles;
  let elsewhere: TlsFiles;
  beforeAll(() => {
    home = createTlsFiles(folder, 'home', 'IP:127.0.0.1');
    elsewhere = createTlsFiles(folder, 'elsewhere', 'DNS:elsewhere.example');
  });

  async function secured({ certFile, keyFile }: TlsFiles, ...more: string[]) {
    const settings = ['allow_anonymous true', `certfile ${certFile}`, `keyfile ${keyFile}`, ...more];
    const broker = await startMosquitto(settings);
    cleanup(broker.kill);
    return async (config: object) => {
      const made = await createChannel({ host: broker.host, port: broker.port, ...config });
      cleanup(() => made.notifier.close());
      return made;
    };
  }

  test('takes an alert when its authority is trusted', async () => {
    // Given
    const open = await secured(home);
    const { notifier, context } = await open({ tls: { ca_file: home.caFile } });
    // When
    const sent = await notifier.send(BARE_ALERT, signal());
    // Then
    expect(sent).toEqual({ ok: true, value: undefined });
    expect(context.lines.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  test('is not trusted with an unknown authority, another authority, or a name that is not its own', async () => {
    // Given
    const open = await secured(home);
    const openElsewhere = await secured(elsewhere);
    const channels = [
      await open({ tls: {} }),
      await open({ tls: { ca_file: elsewhere.caFile } }),
      await openElsewhere({ tls: { ca_file: elsewhere.caFile } }),
    ];
    // When
    const sent = [];
    for (const { notifier } of channels) sent.push(await notifier.send(BARE_ALERT, signal()));
    // Then
    for (const result of sent) expect(result).toMatchObject({ ok: false, error: { code: 'NOTIFY_UNREACHABLE' } });
    expect(JSON.stringify(sent[2])).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  test('is used unchecked only when so configured, and loudly', async () => {
    // Given
    const open = await secured(elsewhere);
    const { notifier, context } = await open({ tls: { insecure: true } });
    // When
    const sent = await notifier.send(BARE_ALERT, signal());
    // Then
    expect(sent).toEqual({ ok: true, value: undefined });
    expect(context.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('NOT checked') }),
    );
  });

  test('is never spoken to in plain text', async () => {
    // Given a broker that speaks TLS alone
    const open = await secured(home);
    const { notifier } = await open({ connection_timeout_s: 1 });
    // When
    const sent = await notifier.send(BARE_ALERT, signal());
    // Then
    expect(sent).toMatchObject({ ok: false, error: { code: 'NOTIFY_UNREACHABLE' } });
  });

  test('that asks for a certificate is shown ours', async () => {
    // Given
    const open = await secured(home, `cafile ${home.caFile}`, 'require_certificate true');
    const ours = { cert_file: home.certFile, key_file: home.keyFile };
    const { notifier: known } = await open({ tls: { ca_file: home.caFile, ...ours } });
    const { notifier: unknown } = await open({ tls: { ca_file: home.caFile } });
    // When
    const sent = [await known.send(BARE_ALERT, signal()), await unknown.send(BARE_ALERT, signal())];
    // Then
    expect(sent[0]).toEqual({ ok: true, value: undefined });
    expect(sent[1]).toMatchObject({ ok: false, error: { code: 'NOTIFY_UNREACHABLE' } });
  });

  test.each(['missing.pem', 'garbled.pem'])('is not reached with the file %s', async (name) => {
    // Given
    const open = await secured(home);
    await writeFile(join(folder, 'garbled.pem'), '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n');
    const { notifier } = await open({ tls: { ca_file: join(folder, name) } });
    // When
    const sent = await notifier.send(BARE_ALERT, signal());
    // Then
    expect(sent.ok).toBe(false);
    if (name === 'missing.pem') {
      expect(sent).toMatchObject({ error: { code: 'NOTIFY_REJECTED', message: expect.stringContaining('tls.ca_file') } });
    }
  });
});

const signal = (): AbortSignal => new AbortController().signal;
