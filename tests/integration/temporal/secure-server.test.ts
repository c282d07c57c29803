import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ok } from '../../../src/domain/result.ts';
import { createLogger } from '../../../src/kit/logger.ts';
import { createTemporalClient } from '../../../src/temporal/client.ts';
import { readTemporalEnvironment } from '../../../src/temporal/environment.ts';
import { explainRefusal } from '../../../src/temporal/explain-refusal.ts';
import { connectWorker } from '../../../workers/connect.ts';
import { installTemporalRuntime } from '../../../workers/temporal-runtime.ts';
import { SHORTEST_CONFIG } from '../../support/config-file.ts';
import { homesec } from '../../support/homesec.ts';
import { createTestContext } from '../../support/plugin-context.ts';
import { stack } from '../../support/stack.ts';
import { createTlsFiles, type TlsFiles } from '../../support/tls-files.ts';
import { openTlsGate, type TlsGate } from '../../support/tls-gate.ts';
import { errorOf, valueOf } from '../../support/value-of.ts';

const API_KEY = 'open-sesame-of-the-test';
let folder: string;
let server: TlsFiles;
let client: TlsFiles;
let gate: TlsGate;
let namespace: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'homesec-secure-'));
  server = createTlsFiles(folder, 'server', 'DNS:temporal.example');
  client = createTlsFiles(folder, 'client', 'DNS:homesec.example');
  namespace = await stack.createNamespace();
  gate = await openTlsGate(stack.temporalAddress, server, client);
  installTemporalRuntime(createLogger({ level: 'error' }));
});
afterAll(async () => {
  await gate[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const environment = (changes: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  TEMPORAL_ADDRESS: gate.address,
  TEMPORAL_NAMESPACE: namespace,
  TEMPORAL_API_KEY: API_KEY,
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: server.caFile,
  TEMPORAL_TLS_SERVER_NAME: 'temporal.example',
  TEMPORAL_TLS_CLIENT_CERT_PATH: client.certFile,
  TEMPORAL_TLS_CLIENT_KEY_PATH: client.keyFile,
  ...changes,
});

/** What the variables say, as `temporalAccessOf` makes use of it. */
function accessBy(changes: NodeJS.ProcessEnv = {}) {
  const { address = '', security } = valueOf(readTemporalEnvironment(environment(changes)));
  return { address, namespace, security };
}

describe('a server behind mutual TLS that wants an API key', () => {
  it('is used by clients', async () => {
    // Given
    const temporal = createTemporalClient(accessBy());
    // When
    const { count } = await temporal.workflow.count();
    await temporal.connection.close();
    // Then
    expect(count).toBe(0);
    expect([...gate.credentials]).toEqual([`Bearer ${API_KEY}`]);
  });

  it('is used by workers', async () => {
    // Given
    const { logger, signal } = createTestContext();
    // When
    const connected = valueOf(await connectWorker({ access: () => ok(accessBy()), logger, signal }));
    const described = await connected?.connection.workflowService.describeNamespace({ namespace });
    await connected?.connection.close();
    // Then
    expect(described?.namespaceInfo?.name).toBe(namespace);
    expect([...gate.credentials]).toEqual([`Bearer ${API_KEY}`]);
  });

  it('is used by the command line, by a profile in a file too', async () => {
    // Given
    const profile = join(folder, 'temporal.toml');
    await writeFile(
      profile,
      `[profile.house]
address = "${gate.address}"
namespace = "${namespace}"
api_key = "${API_KEY}"
tls = { server_name = "temporal.example", server_ca_cert_path = "${server.caFile}", client_cert_path = "${client.certFile}", client_key_path = "${client.keyFile}" }
`,
    );
    const config = await writeConfig();
    // When
    const [byVariables, byFile] = await Promise.all([
      homesec(['setup-temporal', '-c', config], { env: environment() }),
      homesec(['setup-temporal', '-c', config], { env: { TEMPORAL_CONFIG_FILE: profile, TEMPORAL_PROFILE: 'house' } }),
    ]);
    // Then
    for (const { exitCode, stdout, stderr } of [byVariables, byFile]) {
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(stdout).toBe(`namespace ${namespace} on ${gate.address} is there\n`);
    }
  });
});

describe('what is wrong with a connection is said by clients and workers, without secrets', () => {
  it.each([
    ['no authority', { TEMPORAL_TLS_SERVER_CA_CERT_PATH: '' }, /TEMPORAL_TLS_SERVER_CA_CERT_PATH/],
    ['another name', { TEMPORAL_TLS_SERVER_NAME: '' }, /TEMPORAL_TLS_SERVER_NAME/],
    [
      'no client certificate',
      { TEMPORAL_TLS_CLIENT_CERT_PATH: '', TEMPORAL_TLS_CLIENT_KEY_PATH: '' },
      /TEMPORAL_TLS_CLIENT_CERT_PATH/,
    ],
    ['no TLS', { TEMPORAL_TLS: 'false' }, /TEMPORAL_TLS=true/],
    ['TLS where there is none', { TEMPORAL_ADDRESS: stack.temporalAddress }, /speaks no TLS/],
    ['no server', { TEMPORAL_ADDRESS: '127.0.0.1:1' }, /nobody listens there/],
  ])('%s', async (_what, changes, words) => {
    // Given
    const access = accessBy(changes);
    const { logger, signal } = createTestContext();
    const stopping = new AbortController();
    // When
    const temporal = createTemporalClient(access);
    const ofClient = explainRefusal(await temporal.workflow.count().catch((error: unknown) => error));
    await temporal.connection.close();
    const ofWorker: string[] = [];
    const onWaiting = (reason: string) => {
      ofWorker.push(reason);
      stopping.abort();
    };
    await connectWorker({ access: () => ok(access), logger, signal: AbortSignal.any([signal, stopping.signal]), onWaiting });
    // Then
    expect(ofClient).toMatch(words);
    expect(ofWorker).toEqual([expect.stringMatching(words)]);
    expect(`${ofClient} ${ofWorker.join()}`).not.toContain(API_KEY);
  });

  it.each([
    [
      'a file that is not there',
      { TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/none/ca.pem' },
      /cannot be read: ENOENT.*'\/none\/ca.pem'/,
    ],
    ['a certificate without its key', { TEMPORAL_TLS_CLIENT_KEY_PATH: '' }, /and its key go together/],
    [
      'a profile file that is not there',
      { TEMPORAL_CONFIG_FILE: '/none/temporal.toml' },
      /cannot be read: ENOENT.*temporal.toml/,
    ],
    ['a profile without a file', { TEMPORAL_PROFILE: 'house' }, /TEMPORAL_CONFIG_FILE no file that has it/],
  ])('%s', (_what, changes, words) => {
    // When
    const { message } = errorOf(readTemporalEnvironment(environment(changes)));
    // Then
    expect(message).toMatch(words);
  });

  it('of a file that is no TOML, without its lines', async () => {
    // Given
    const profile = join(folder, 'broken.toml');
    await writeFile(profile, `[profile.house]\napi_key = ${API_KEY}\n`);
    // When
    const { message } = errorOf(readTemporalEnvironment({ TEMPORAL_CONFIG_FILE: profile }));
    // Then
    expect(message).toMatch(/cannot be read: Invalid TOML document/);
    expect(message).not.toContain(API_KEY);
  });
});

it('variables that are set to nothing are not set', () => {
  // Given what a compose file passes on of an environment without them
  const nothing = Object.fromEntries(Object.keys(environment()).map((name) => [name, '']));
  // When
  const said = valueOf(readTemporalEnvironment(nothing));
  // Then
  expect(said.address).toBeUndefined();
  expect(said.security).toEqual({});
});

async function writeConfig(): Promise<string> {
  const file = join(folder, 'homesec.yaml');
  await writeFile(file, SHORTEST_CONFIG, { mode: 0o600 });
  return file;
}
