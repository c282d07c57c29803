import { randomBytes } from 'node:crypto';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Clip } from '../../src/domain/clip.ts';
import { workflowIdOf } from '../../src/domain/ids.ts';
import { Secret } from '../../src/domain/secret.ts';
import { tellCameraWatch } from '../../src/temporal/camera-watch.ts';
import { createTemporalClient } from '../../src/temporal/client.ts';
import { type CodecServer, openCodecServer } from '../../src/temporal/codec-server.ts';
import {
  createEncryptionCodec,
  type EncryptionKey,
  encryptingConverter,
  FAILURE_CONVERTER_PATH,
  parseEncryptionKey,
} from '../../src/temporal/encryption.ts';
import { findMissingKeys } from '../../src/temporal/missing-keys.ts';
import { bundleWorkflows } from '../../workers/workflow-bundle.ts';
import { type ClipWorld, failing, handleOf, openClipWorld, queriedState } from '../support/clip-world.ts';
import { createConfigFolder, SHORTEST_CONFIG } from '../support/config-file.ts';
import { homesec } from '../support/homesec.ts';
import { createTestContext } from '../support/plugin-context.ts';
import { stack } from '../support/stack.ts';
import { waitUntil } from '../support/wait-until.ts';

const UI = 'http://127.0.0.1:8233';
const CAMERA = 'Kitchen window';

const [key, former] = [keyOf(randomBytes(32).toString('base64')), keyOf(randomBytes(32).toString('base64'))];
const codec = createEncryptionCodec([key, former]);

let world: ClipWorld;
beforeAll(async () => {
  world = await openClipWorld({ dataConverter: encryptingConverter(codec) });
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => world.reset());

/** One that went wrong once, so that there is a failure to tell of, and waits for a person. */
async function parkedClip(): Promise<Clip> {
  world.scripts.analyze = [failing('VLM_REJECTED')];
  const clip = await world.newClip({ cameraName: CAMERA });
  await world.start(clip);
  await world.seen(clip, 'clip_parked');
  return clip;
}

describe('with encryption', () => {
  it('a clip goes its way, and the server has neither what it is about nor what went wrong', async () => {
    // Given
    const clip = await parkedClip();
    // When
    const { failedStages } = await queriedState(world, clip);
    const kept = await keptOf(clip);
    // Then
    expect(failedStages).toEqual(['vlm']);
    expect(world.alerts).toMatchObject([{ alert: { cameraName: CAMERA } }]);
    const plain = kept.payloads.filter(({ metadata }) => text(metadata['encoding']) !== 'binary/encrypted');
    expect(kept.payloads.length).toBeGreaterThan(20);
    // The SDK's own note that a local activity was done, and when.
    expect(plain.map(({ data }) => text(data))).toEqual([
      expect.stringMatching(/^\{"seq":\d+,"attempt":1,"activity_id":"\d+","activity_type":"decideAlert",/),
    ]);
    for (const words of [CAMERA, clip.path, clip.storageKey, 'scripted VLM_REJECTED']) expect(kept.rest).not.toContain(words);
  });

  it('the Temporal UI reads it through the codec server', async () => {
    // Given
    const { payloads } = await keptOf(await parkedClip());
    const server = await openCodecServer({ host: '127.0.0.1', port: 0, codec, uiOrigin: UI });
    // When
    const answer = await ask(server, '/decode', { payloads: payloads.map(asJson) });
    const decoded = (await answer.json()) as { readonly payloads: readonly { readonly data: string }[] };
    const again = await ask(server, '/encode', decoded);
    const elsewhere = await ask(server, '/decode', { payloads: payloads.map(asJson) }, { origin: 'http://evil.example' });
    await server.close();
    // Then
    const texts = decoded.payloads.map(({ data }) => Buffer.from(data, 'base64').toString());
    expect(texts.join()).toContain(CAMERA);
    expect(texts.join()).toContain('scripted VLM_REJECTED');
    expect(answer.headers.get('access-control-allow-origin')).toBe(UI);
    expect(JSON.stringify(await again.json())).not.toContain(decoded.payloads[0]?.data);
    expect([elsewhere.status, elsewhere.headers.get('access-control-allow-origin')]).toEqual([403, null]);
  });

  it('a clip is replayed', async () => {
    // Given
    const clip = await parkedClip();
    const { logger } = createTestContext();
    const workflowBundle = await bundleWorkflows(logger, FAILURE_CONVERTER_PATH);
    // When
    const history = await handleOf(world, clip).fetchHistory();
    const replaying = Worker.runReplayHistory(
      { workflowBundle, dataConverter: encryptingConverter(codec) },
      history,
      workflowIdOf(clip.clipId),
    );
    // Then
    await expect(replaying).resolves.toBeUndefined();
  });

  it('what was encrypted by a former key is read, and a key that is missing is named', async () => {
    // Given
    const [payload] = await createEncryptionCodec([former]).encode([{ metadata: {}, data: Buffer.from('the door') }]);
    if (payload === undefined) throw new Error('one payload in, one out');
    // When
    const [read] = await codec.decode([payload]);
    const reading = createEncryptionCodec([key]).decode([payload]);
    // Then
    expect(text(read?.data)).toBe('the door');
    await expect(reading).rejects.toThrow(`encrypted with key ${former.id}, which is not in temporal.encryption.keys`);
  });
});

describe('a worker without the key of running clips', () => {
  it.each([
    ['has another one', { K: randomBytes(32).toString('base64') }, /encrypted with a key that this worker does not have/],
    ['has a key that is none', { K: 'swordfish' }, /K must hold 32 bytes in base64: openssl rand -base64 32/],
  ])('%s: it refuses to start, and the clip is still there', async (_what, env, words) => {
    // Given
    const clip = await parkedClip();
    const { namespace } = world.client.options;
    await waitUntil(
      'the clip to be listed',
      async () => (await findMissingKeys(world.client.connection, namespace, [])).length > 0,
    );
    await using home = await createConfigFolder();
    const config = await home.write('homesec.yaml', configFor(namespace));
    // When
    const { exitCode, stderr } = await homesec(['worker', 'gpu', '-c', config], { env });
    // Then
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(words) });
    expect(stderr).not.toContain('swordfish');
    expect((await handleOf(world, clip).describe()).status.name).toBe('RUNNING');
  });
});

it('keys of what runs beside clips are missed as well', async () => {
  // Given a namespace with nothing but the watch of a camera
  const namespace = await stack.createNamespace();
  const client = createTemporalClient({ address: stack.temporalAddress, namespace, dataConverter: encryptingConverter(codec) });
  const now = new Date().toISOString();
  const plan = { offlineAfterMs: 60_000, coolDownMs: 0, channels: [] };
  await tellCameraWatch(client, { hostId: 'host', cameraName: CAMERA }, { status: { online: true, since: now }, plan });
  // When
  const missingOf = (known: readonly string[]) => findMissingKeys(client.connection, namespace, known);
  await waitUntil('the watch to be listed', async () => (await missingOf([])).length > 0);
  const [none, other, right] = await Promise.all([missingOf([]), missingOf([former.id]), missingOf([key.id])]);
  await client.connection.close();
  // Then
  expect([none, other, right]).toEqual([[key.id], [key.id], []]);
});

it('a codec server with a token answers nobody without it', async () => {
  // Given
  const server = await openCodecServer({ host: '127.0.0.1', port: 0, codec, uiOrigin: UI, token: new Secret('open-sesame') });
  // When
  const without = await ask(server, '/decode', { payloads: [] });
  const withToken = await ask(server, '/decode', { payloads: [] }, { authorization: 'Bearer open-sesame' });
  await server.close();
  // Then
  expect([without.status, withToken.status]).toEqual([401, 200]);
});

interface KeptPayload {
  readonly metadata: Readonly<Record<string, Uint8Array>>;
  readonly data: Uint8Array;
}

/** What the server keeps and tells of a clip: payloads, and everything else as text, without search attributes, which are never encrypted. */
async function keptOf(clip: Clip): Promise<{ readonly payloads: KeptPayload[]; readonly rest: string }> {
  const plain = createTemporalClient({ address: stack.temporalAddress, namespace: world.client.options.namespace });
  const { namespace } = plain.options;
  const execution = { workflowId: workflowIdOf(clip.clipId) };
  const { history } = await plain.workflowService.getWorkflowExecutionHistory({ namespace, execution });
  const described = await plain.workflowService.describeWorkflowExecution({ namespace, execution });
  await plain.connection.close();
  const payloads: KeptPayload[] = [];
  const rest = JSON.stringify([history, described].map((each) => withoutPayloads(each, payloads)));
  return { payloads, rest };
}

function withoutPayloads(value: unknown, found: KeptPayload[]): unknown {
  if (Array.isArray(value)) return value.map((each) => withoutPayloads(each, found));
  if (typeof value !== 'object' || value === null) return value;
  if ('metadata' in value && 'data' in value) return void found.push(value as KeptPayload);
  const kept = Object.entries(value).filter(([name]) => name !== 'searchAttributes');
  return Object.fromEntries(kept.map(([name, each]) => [name, withoutPayloads(each, found)]));
}

const asJson = ({ metadata, data }: KeptPayload) => ({
  metadata: Object.fromEntries(Object.entries(metadata).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')])),
  data: Buffer.from(data).toString('base64'),
});

const ask = (server: CodecServer, path: string, body: object, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { origin: UI, 'content-type': 'application/json', 'x-namespace': 'any', ...headers },
    body: JSON.stringify(body),
  });

function keyOf(base64: string): EncryptionKey {
  const parsed = parseEncryptionKey(new Secret(base64));
  if (parsed === undefined) throw new Error('32 bytes are a key');
  return parsed;
}

const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString();

const configFor = (namespace: string): string => `${SHORTEST_CONFIG}temporal:
  address: "${stack.temporalAddress}"
  namespace: ${namespace}
  encryption: { keys: [{ key_env: K }] }
`;
