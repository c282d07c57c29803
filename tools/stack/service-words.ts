import { cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { ComposeFile, ComposeService } from './compose-file.ts';
import type { HouseNetwork } from './house-network.ts';

/** The checkout, where relative paths of docker-compose.yml start. */
export const CHECKOUT = resolve(import.meta.dirname, '..', '..');

export interface StackPlace {
  readonly file: ComposeFile;
  /** Takes volumes, temporary folders, logs. */
  readonly dir: string;
  readonly network: HouseNetwork;
}

/** Words of a service as the file has them, made true outside of a container: paths and names of hosts. */
export interface ServiceWords {
  /** Where the service finds a folder of its container. Throws for one that nothing is mounted on. */
  folderOf(containerPath: string): string;
  translate(text: string): string;
  environment(): NodeJS.ProcessEnv;
}

/** Makes the folders of a service. What is mounted read-only is configuration: it is copied, with its words translated. */
export async function openServiceWords(name: string, place: StackPlace, secrets: NodeJS.ProcessEnv): Promise<ServiceWords> {
  const service = place.file.services[name];
  if (service === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  const mounts = mountsOf(name, service, place);
  const folders = new Map(mounts.map(({ target, folder }) => [target, folder]));
  const words: ServiceWords = {
    folderOf: (containerPath) => {
      const folder = folders.get(containerPath);
      if (folder === undefined) throw new Error(`nothing is mounted on ${containerPath} of ${name}`);
      return folder;
    },
    translate: (text) => translated(text, { name, folders, place }),
    environment: () => environmentOf(service, words, secrets),
  };
  for (const mount of mounts) {
    if (mount.copyOf === undefined) await mkdir(mount.folder, { recursive: true });
    else await copyTranslated(mount.copyOf, mount.folder, words);
  }
  return words;
}

interface Mount {
  readonly target: string;
  readonly folder: string;
  /** File or folder that is copied there. */
  readonly copyOf?: string;
}

function mountsOf(name: string, service: ComposeService, { file, dir }: StackPlace): readonly Mount[] {
  const own = (target: string): string => join(dir, name, target.slice(1));
  const volumes = service.volumes.map((volume): Mount => {
    const [source = '', target = '', mode] = volume.split(':');
    if (source in file.volumes) return { target, folder: join(dir, 'volumes', source) };
    const path = resolve(CHECKOUT, source);
    return mode === 'ro' ? { target, folder: own(target), copyOf: path } : { target, folder: path };
  });
  return [...volumes, ...service.tmpfs.map((target) => ({ target, folder: own(target) }))];
}

interface Translation {
  readonly name: string;
  readonly folders: ReadonlyMap<string, string>;
  readonly place: StackPlace;
}

/** In one pass, so that nothing is translated twice. */
function translated(text: string, { name, folders, place: { file, network } }: Translation): string {
  const services = Object.keys(file.services);
  const path = `(?<![\\w./-])(?<path>${alternatives([...folders.keys()])})(?![\\w-])`;
  // A name counts as a host before a port only: a database may have the same.
  const host = `(?<![\\w.-])(?<host>${alternatives(services)})(?=:\\d)`;
  const pattern = new RegExp(`${path}|${host}|(?<any>\\b0\\.0\\.0\\.0\\b)`, 'g');
  return text.replaceAll(pattern, (...match) => {
    const found = match.at(-1) as Record<'path' | 'host' | 'any', string | undefined>;
    if (found.host !== undefined) return network.addressOf(found.host);
    if (found.any !== undefined) return network.addressOf(name);
    return folders.get(found.path ?? '') ?? '';
  });
}

/** Longest first: `temporal-ui` is no `temporal`. */
const alternatives = (words: readonly string[]): string =>
  words
    .toSorted((left, right) => right.length - left.length)
    .map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join('|');

/** What a process needs of this machine. Nothing else of our own environment reaches a service. */
const FROM_THIS_MACHINE = /^(PATH|HOME|USER|LANG|TZ|TMPDIR|SSL_CERT_\w+|NODE_EXTRA_CA_CERTS|npm_config_\w+|\w+_proxy)$/i;
/** Values that are a host and nothing else. */
const HOST_VARIABLE = /(_HOST|_SEEDS)$/;

function environmentOf(service: ComposeService, words: ServiceWords, secrets: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const machine = Object.entries(process.env).filter(([key]) => FROM_THIS_MACHINE.test(key));
  const written = Object.entries(service.environment).map(([key, value]) => [
    key,
    HOST_VARIABLE.test(key) ? words.translate(`${value}:0`).slice(0, -2) : words.translate(value),
  ]);
  return {
    ...Object.fromEntries(machine),
    ...(service.env_file.length === 0 ? {} : secrets),
    ...(Object.fromEntries(written) as NodeJS.ProcessEnv),
  };
}

async function copyTranslated(from: string, to: string, words: ServiceWords): Promise<void> {
  if ((await stat(from)).isDirectory()) {
    await mkdir(to, { recursive: true });
    for (const name of await readdir(from)) await copyTranslated(join(from, name), join(to, name), words);
    return;
  }
  await mkdir(dirname(to), { recursive: true });
  if (!/\.(conf|ya?ml)$/.test(basename(from))) return cp(from, to);
  await writeFile(to, words.translate(await readFile(from, 'utf8')), { mode: 0o600 });
}
