import { execFile } from 'node:child_process';
import { appendFile, cp, mkdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { z } from 'zod';
import { findTemporal, INSTALLED_TEMPORAL } from '../../src/embedded/temporal-cli.ts';
import { nativePostgres } from './native-postgres.ts';
import type { NativeProcess } from './native-process.ts';
import { CHECKOUT, openServiceWords, type ServiceWords, type StackPlace } from './service-words.ts';
import type { TemporalPrograms } from './temporal-programs.ts';

export interface NativePlace extends StackPlace {
  /** Where Go is missing: undefined, and the dev server stands in for server, schema and UI. */
  readonly programs: TemporalPrograms | undefined;
  /** What .env holds. */
  readonly secrets: NodeJS.ProcessEnv;
}

/** @returns what runs in place of the service's container; undefined where something else stands in for it. */
export async function nativeService(name: string, place: NativePlace): Promise<NativeProcess | undefined> {
  const image = place.file.services[name]?.image.replace(/:[^:]*$/, '') ?? '';
  const native = IMAGES[image];
  if (native === undefined) throw new Error(`no program is known for image ${image} of ${name}`);
  const words = await openServiceWords(name, place, place.secrets);
  return native({ name, place, words });
}

interface Start {
  readonly name: string;
  readonly place: NativePlace;
  readonly words: ServiceWords;
}

const IMAGES: Readonly<Record<string, (start: Start) => Promise<NativeProcess | undefined>>> = {
  postgres: ({ name, place, words }) =>
    nativePostgres({
      dir: words.folderOf('/var/lib/postgresql/data'),
      address: place.network.addressOf(name),
      environment: words.environment(),
    }),
  'temporalio/admin-tools': async (start) => (start.place.programs === undefined ? undefined : written(start)),
  'temporalio/server': temporalServer,
  'temporalio/ui': temporalUi,
  'eclipse-mosquitto': mosquitto,
  homesec,
};

/** The command of the file itself. */
function written({ name, place, words }: Start): NativeProcess {
  const { entrypoint, command } = serviceOf(name, place);
  const [program = '', ...args] = [...entrypoint, ...command].map(words.translate);
  const env = words.environment();
  const folders = [place.programs?.server, env['PATH'], '/usr/sbin'].filter((folder) => folder !== undefined);
  return { command: program, args, env: { ...env, PATH: folders.join(delimiter) }, isReady: () => listens(name, place) };
}

async function temporalServer({ name, place, words }: Start): Promise<NativeProcess> {
  const env = words.environment();
  const isReady = () => listens(name, place);
  if (place.programs !== undefined)
    return { command: join(place.programs.server, 'temporal-server'), args: ['start'], env, isReady };
  const source = findTemporal({
    env: { PATH: process.env['PATH'], TEMPORAL_CLI_PATH: process.env['TEMPORAL_CLI_PATH'] },
    installedPath: INSTALLED_TEMPORAL,
    downloadDir: join(place.dir, 'temporal-download'),
    onProgress: () => undefined,
  });
  if (source.kind !== 'program') throw new Error('no program to stand in for the server');
  const [data, uiAddress] = [join(place.dir, name, 'data'), place.network.addressOf('temporal-ui')];
  await mkdir(data, { recursive: true });
  const dynamic = z
    .record(z.string(), z.tuple([z.object({ value: z.union([z.string(), z.number(), z.boolean()]) })]))
    .parse(parse(await readFile(env['DYNAMIC_CONFIG_FILE_PATH'] ?? '', 'utf8')));
  const settings = Object.entries(dynamic).flatMap(([key, [{ value }]]) => ['--dynamic-config-value', `${key}=${String(value)}`]);
  const where = ['--ip', place.network.addressOf(name), '--port', '7233', '--ui-ip', uiAddress, '--ui-port', '8080'];
  const args = ['server', 'start-dev', ...where, '--log-level', 'warn', '--db-filename', join(data, 'temporal.db'), ...settings];
  return { command: source.path, args, env, isReady };
}

async function temporalUi({ name, place, words }: Start): Promise<NativeProcess | undefined> {
  if (place.programs === undefined) return undefined;
  const root = join(place.dir, name);
  await cp(join(place.programs.ui, 'config'), join(root, 'config'), { recursive: true });
  // In a container it may take every address.
  await appendFile(join(root, 'config', 'docker.yaml'), `\nhost: ${place.network.addressOf(name)}\n`);
  const args = ['--root', root, '--env', 'docker', 'start'];
  const isReady = () => listens(name, place);
  return { command: join(place.programs.ui, 'temporal-ui'), args, env: words.environment(), isReady };
}

async function mosquitto(start: Start): Promise<NativeProcess> {
  // Started by root it would become another user, who may not read our files; in the container it is never root.
  const file = start.words.folderOf('/mosquitto/config/mosquitto.conf');
  if (process.getuid?.() === 0) await appendFile(file, 'user root\n');
  return written(start);
}

function homesec({ name, place, words }: Start): Promise<NativeProcess> {
  const env = { ...words.environment(), NODE_ENV: 'production' };
  const { command, ports } = serviceOf(name, place);
  const args = [join(CHECKOUT, 'src/cli/main.ts'), ...command.map(words.translate)];
  const isAlive = () => promisify(execFile)(process.execPath, [HEALTH_CHECK], { env }).then(yes, no);
  const isReady = ports.length === 0 ? isAlive : () => listens(name, place);
  return Promise.resolve({ command: process.execPath, args, env, isReady });
}

const HEALTH_CHECK = join(CHECKOUT, 'docker/health-check.mjs');
const yes = (): boolean => true;
const no = (): boolean => false;

function serviceOf(name: string, { file }: StackPlace) {
  const service = file.services[name];
  if (service === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return service;
}

/** Whether it takes connections on the port that the file publishes. */
function listens(name: string, place: StackPlace): Promise<boolean> {
  const port = Number(serviceOf(name, place).ports[0]?.split(':').at(-1));
  return new Promise((resolve) => {
    const socket = connect({ host: place.network.addressOf(name), port, timeout: 1_000 });
    const answer = (isOpen: boolean): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket
      .once('connect', () => answer(true))
      .once('timeout', () => answer(false))
      .once('error', () => answer(false));
  });
}
