import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { homesec } from '../support/homesec.ts';
import { type HttpReceiver, openHttpReceiver } from '../support/http-receiver.ts';

let dir: string;
let phone: HttpReceiver;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'homesec-channel-test-'));
  phone = await openHttpReceiver();
});
afterEach(async () => {
  await phone.close();
  await rm(dir, { recursive: true });
});

const webhook = (name: string, url: string, more: object = {}) => ({
  name,
  backend: 'webhook',
  config: { url, snapshot: 'base64', timeout_s: 5 },
  ...more,
});

/** `homesec channels test` of a household with these channels. */
async function test(notifiers: readonly object[], ...words: string[]) {
  return run(['channels', 'test', ...words], { notifiers });
}

/** Runs a verb for a household that differs in these sections. */
async function run(words: readonly string[], sections: object) {
  const file = join(dir, 'homesec.yaml');
  const household = {
    version: 1,
    cameras: [{ name: 'Front Door', source: { backend: 'local_folder', config: { watch_dir: './recordings' } } }],
    storage: { backend: 'local', config: { root: './storage' } },
    filter: { backend: 'yolo' },
    vlm: { backend: 'openai', run_mode: 'never', config: { model: 'none' } },
    ...sections,
  };
  await writeFile(file, stringify(household), { mode: 0o600 });
  const { exitCode, stdout, stderr } = await homesec([...words, '--config', file]);
  return { exitCode, lines: stdout.trim().split('\n'), stderr };
}

describe('homesec channels test', () => {
  it('has an alert arrive that says it is a test, with a picture, and that is another one each time', async () => {
    // Given
    const channels = [webhook('phone', phone.origin)];
    // When
    const first = await test(channels);
    const second = await test(channels);
    // Then
    expect([first, second].map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(first.lines).toEqual(['ok    channel phone: took a test alert; look whether it has arrived']);
    const told = phone.accepted.map(({ body }) => JSON.parse(body.toString('utf8')));
    expect(told[0]).toMatchObject({ camera_name: 'Front Door', notify_reason: 'test', activity_type: 'test', revision: 1 });
    expect(told[0].summary).toContain('Nothing has happened');
    expect(Buffer.from(told[0].snapshot, 'base64').subarray(0, 3)).toEqual(Buffer.from([0xff, 0xd8, 0xff]));
    expect(new Set(told.map((alert) => alert.dedupe_key)).size).toBe(2);
    expect(await readdir(join(dir, 'homesec-data', 'tmp'))).not.toContainEqual(expect.stringMatching(/^picture-/));
  });

  it('says what a channel answered that does not take it, and what to do, while the others get theirs', async () => {
    // Given a channel that wants a password, and one that is off
    const locked = await openHttpReceiver(() => ({ status: 401 }));
    onTestFinished(() => locked.close());
    const channels = [
      webhook('locked', locked.origin),
      webhook('phone', phone.origin),
      webhook('off', phone.origin, { enabled: false }),
    ];
    // When
    const { exitCode, lines } = await test(channels);
    // Then
    expect(exitCode).toBe(1);
    expect(lines).toEqual([
      expect.stringMatching(/^BAD {3}channel locked: .*401/),
      expect.stringMatching(/^ {6}\S/),
      'ok    channel phone: took a test alert; look whether it has arrived',
    ]);
    expect(phone.accepted).toHaveLength(1);
  });

  it('tries the one that is named, and helps with a name that none has', async () => {
    // Given
    const other = await openHttpReceiver();
    onTestFinished(() => other.close());
    const channels = [webhook('phone', phone.origin), webhook('other', other.origin)];
    // When
    const named = await test(channels, 'other', '--json');
    const misspelt = await test(channels, 'phon');
    const none = await test([]);
    // Then
    expect(JSON.parse(named.lines.join('\n'))).toMatchObject({ findings: [{ what: 'channel other', state: 'good' }] });
    expect([phone.requests.length, other.accepted.length]).toEqual([0, 1]);
    expect(misspelt).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('did you mean phone?') });
    expect(none).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('no channel is on') });
  });

  it('says of a channel whose software is broken that it is, as doctor does, while the others get theirs', async () => {
    // Given a package whose plugin lacks a package of its own
    const zod = JSON.stringify(import.meta.resolve('zod'));
    const create = "async () => import('not-installed')";
    const plugin = `{ kind: 'notifier', backend: 'bell', configSchema: z.strictObject({}), create: ${create} }`;
    await writeFile(join(dir, 'bell.mjs'), `import { z } from ${zod};\nexport const plugins = [${plugin}];\n`);
    const household = { plugins: ['./bell.mjs'], notifiers: [{ name: 'bell', backend: 'bell' }, webhook('phone', phone.origin)] };
    // When
    const tested = await run(['channels', 'test'], household);
    const examined = await run(['doctor'], household);
    // Then
    const broken = expect.stringMatching(/^BAD {3}channel bell: cannot be used: .*not-installed/);
    expect(tested.exitCode).toBe(1);
    expect(tested.lines).toContainEqual(broken);
    expect(phone.accepted).toHaveLength(1);
    expect(examined.lines).toEqual(expect.arrayContaining([broken, 'ok    storage: works']));
  });
});
