import { afterAll, beforeAll, expect, it } from 'vitest';
import { createConfigFolder, SHORTEST_CONFIG } from '../support/config-file.ts';
import { homesec } from '../support/homesec.ts';

const ENCRYPTED = `${SHORTEST_CONFIG}temporal: { encryption: { keys: [{ key_env: CODEC_KEY }] } }\n`;
const CODEC_KEY = Buffer.alloc(32, 'k').toString('base64');

let home: Awaited<ReturnType<typeof createConfigFolder>>;
let config: string;
beforeAll(async () => {
  home = await createConfigFolder();
  config = await home.write('homesec.yaml', ENCRYPTED);
});
afterAll(() => home[Symbol.asyncDispose]());

const codecServer = (...options: string[]) =>
  homesec(['codec-server', '-c', config, ...options], {
    env: { CODEC_KEY, CODEC_TOKEN: 'open-sesame' },
    endWith: { signal: 'SIGTERM', after: 'codec endpoint' },
  });

it('serves this machine, and others only with a token or where the network is trusted', async () => {
  // When
  const [here, elsewhere, withToken, trusting] = await Promise.all([
    codecServer('--listen', '127.0.0.1:0', '--ui', 'http://127.0.0.1:8233'),
    codecServer('--listen', '0.0.0.0:0', '--ui', 'http://127.0.0.1:8233'),
    codecServer('--listen', '0.0.0.0:0', '--ui', 'http://127.0.0.1:8233', '--token-env', 'CODEC_TOKEN'),
    codecServer('--listen', '0.0.0.0:0', '--ui', 'http://127.0.0.1:8233', '--trust-network'),
  ]);
  // Then
  expect(here).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^codec endpoint .*: http:\/\/127\.0\.0\.1:\d+\n/) });
  expect(elsewhere).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--token-env') });
  for (const open of [withToken, trusting])
    expect(open).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^codec endpoint .*: http:\/\/0\.0\.0\.0:\d+\n/),
    });
});

it('says what is missing', async () => {
  // Given
  const plain = await home.write('plain.yaml', SHORTEST_CONFIG);
  // When
  const [noUi, nothing] = await Promise.all([codecServer(), homesec(['codec-server', '-c', plain])]);
  // Then
  expect(noUi).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--ui http://host:port') });
  expect(nothing).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('temporal.encryption is not configured') });
});
