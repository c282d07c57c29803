import { describe, expect, it } from 'vitest';
import { configSchema } from '../../../src/config/schema.ts';
import { foldersOf } from '../../../src/runtime/app.ts';
import { temporalAccessOf } from '../../../src/runtime/temporal-access.ts';
import { errorOf, valueOf } from '../../support/value-of.ts';

const KEY = Buffer.alloc(32, 'k').toString('base64');
const PAYLOAD = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"the door"') };

const nothing = () => Promise.resolve([]);

function accessBy(temporal: object, environment: NodeJS.ProcessEnv) {
  const config = configSchema.parse({
    ...{ version: 1, cameras: [], storage: { backend: 'local' }, filter: { backend: 'yolo' }, vlm: { backend: 'openai' } },
    ...{ temporal, data_dir: '/nowhere' },
  });
  return temporalAccessOf({ config, folders: foldersOf(config) }, environment);
}

describe('how Temporal is reached', () => {
  it.each([
    ['as configured', { address: 'configured:7233' }, { TEMPORAL_ADDRESS: 'said:7233' }, 'configured:7233'],
    ['else as the environment says', {}, { TEMPORAL_ADDRESS: 'said:7233' }, 'said:7233'],
    ['else nobody knows', {}, {}, undefined],
  ])('is %s', (_what, temporal, environment, address) => {
    // When
    const access = valueOf(accessBy(temporal, environment));
    // Then
    expect(access?.address).toBe(address);
  });
});

describe('keys of encryption', () => {
  const encryption = (more: object = {}) => ({ address: 'a:7233', encryption: { keys: [{ key_env: 'K' }], ...more } });

  it.each([
    ['a variable that is not set', {}, /environment variable K is not set/],
    ['one that is empty', { K: '' }, /environment variable K is empty/],
    ['one that holds no key', { K: 'swordfish' }, /K must hold 32 bytes in base64: openssl rand -base64 32/],
  ])('are not had from %s', (_what, environment, words) => {
    // When
    const { message } = errorOf(accessBy(encryption(), environment));
    // Then
    expect(message).toMatch(words);
    expect(message).not.toContain('swordfish');
  });

  it('encrypt what is written, and only read it where encryption is switched off', async () => {
    // Given
    const [on, off] = [{}, { enabled: false }].map((more) => valueOf(accessBy(encryption(more), { K: KEY }))?.dataConverter);
    const codecOf = (converter: typeof on) => converter?.payloadCodecs?.[0] ?? { encode: nothing, decode: nothing };
    // When
    const [hidden] = await codecOf(on).encode([PAYLOAD]);
    const [plain] = await codecOf(off).encode([PAYLOAD]);
    const [read] = await codecOf(off).decode(hidden === undefined ? [] : [hidden]);
    // Then
    expect(Buffer.from(hidden?.data ?? []).toString('latin1')).not.toContain('the door');
    expect(plain).toEqual(PAYLOAD);
    expect(Buffer.from(read?.data ?? []).toString()).toBe('"the door"');
    expect([on?.failureConverterPath, off?.failureConverterPath]).toEqual([
      expect.stringContaining('failure-converter'),
      undefined,
    ]);
  });
});
