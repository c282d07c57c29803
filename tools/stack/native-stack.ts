import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { claimStack, type StackClaim } from '../../src/embedded/stack-file.ts';
import { SupervisedChild } from '../../src/embedded/supervised-child.ts';
import { endLeftovers } from '../../src/kit/leftovers.ts';
import { readComposeFile } from './compose-file.ts';
import { createHouseNetwork } from './house-network.ts';
import type { NativeProcess } from './native-process.ts';
import { type NativePlace, nativeService } from './native-service.ts';
import { CHECKOUT } from './service-words.ts';
import { buildTemporalPrograms } from './temporal-programs.ts';

export interface NativeStackOptions {
  /** Takes volumes, logs and temporary folders. One stack at a time. */
  readonly dir: string;
  /** What .env holds. */
  readonly secrets: NodeJS.ProcessEnv;
  /** Third number of the addresses. Default: 0. */
  readonly network?: number;
  /** These and what they depend on. Default: all. */
  readonly only?: readonly string[];
  readonly onProgress: (service: string, message: string) => void;
}

export interface RunningService {
  readonly name: string;
  readonly image: string;
  /** `host:port` of what it publishes. */
  readonly addresses: readonly string[];
  /** `done` for a job, `stands in` where another service does its work. */
  readonly state: number | 'done' | 'stopped' | 'stands in';
}

const JOB_ATTEMPTS = 10;

/**
 * docker-compose.yml without containers: each service of the profiles in use is a process with the command, environment, order, restart
 * policy and end that the file gives it. What is no part of this: isolation, read-only file systems, published ports.
 */
export class NativeStack implements AsyncDisposable {
  readonly #place: NativePlace;
  readonly #onProgress: NativeStackOptions['onProgress'];
  readonly #children = new Map<string, SupervisedChild>();
  readonly #finished = new Map<string, 'done' | 'stands in'>();

  readonly #claim: StackClaim;

  private constructor(place: NativePlace, claim: StackClaim, onProgress: NativeStackOptions['onProgress']) {
    this.#place = place;
    this.#claim = claim;
    this.#onProgress = onProgress;
  }

  /** Returns when every service serves and every job is done. Throws `STACK_IN_USE`, and when one does not come up; then nothing is left running. */
  static async open({ dir, secrets, network = 0, only, onProgress }: NativeStackOptions): Promise<NativeStack> {
    const file = await readComposeFile(join(CHECKOUT, 'docker-compose.yml'), secrets);
    const versionOf = (image: string): string =>
      Object.values(file.services)
        .find((service) => service.image.startsWith(`${image}:`))
        ?.image.slice(image.length + 1) ?? '';
    const versions = { server: versionOf('temporalio/server'), ui: versionOf('temporalio/ui') };
    const programs = await buildTemporalPrograms(versions, (message) => onProgress('temporal', message));
    const place = { file, dir, secrets, network: createHouseNetwork(file, network), programs };
    const stack = new NativeStack(place, await claimStack(dir), onProgress);
    try {
      await endLeftovers(dir);
      await stack.#startAll(only ?? stack.#names());
    } catch (cause) {
      await stack.close();
      throw cause;
    }
    return stack;
  }

  get services(): readonly RunningService[] {
    return this.#names().map((name) => {
      const { image, ports } = this.#service(name);
      const addresses = ports.map((port) => `${this.addressOf(name)}:${port.split(':').at(-1)}`);
      return { name, image, addresses, state: this.#finished.get(name) ?? this.#children.get(name)?.pid ?? 'stopped' };
    });
  }

  addressOf(name: string): string {
    return this.#place.network.addressOf(name);
  }

  /** Folder of a named volume. */
  volume(name: string): string {
    return join(this.#place.dir, 'volumes', name);
  }

  /** As `docker compose kill -s SIGKILL`; its restart policy starts it again. */
  kill(name: string): void {
    const pid = this.#children.get(name)?.pid;
    if (pid === undefined) throw new Error(`${name} does not run`);
    process.kill(pid, 'SIGKILL');
  }

  /** As `docker compose stop`. */
  async stop(name: string): Promise<void> {
    await this.#children.get(name)?.close();
    this.#children.delete(name);
  }

  /** As `docker compose start`: its dependencies are running. */
  async start(name: string): Promise<void> {
    const service = this.#service(name);
    const native = await nativeService(name, this.#place);
    if (native === undefined) this.#finished.set(name, 'stands in');
    else if (service.restart === 'on-failure') await this.#runJob(name, native);
    else {
      const { dir } = this.#place;
      const { isReady, ...process } = native;
      this.#children.set(
        name,
        await SupervisedChild.open({
          name,
          ...process,
          pidFile: join(dir, `${name}.pid`),
          logFile: join(dir, `${name}.log`),
          stopSignal: service.stop_signal,
          stopGraceMs: Number.parseInt(service.stop_grace_period, 10) * 1000,
          isReady,
          onProgress: (message) => this.#onProgress(name, message),
        }),
      );
    }
    this.#onProgress(name, this.#children.has(name) ? 'serves' : (this.#finished.get(name) ?? ''));
  }

  /** Those that nothing depends on end first. */
  async close(): Promise<void> {
    for (const name of this.#names().toReversed()) await this.stop(name);
    await this.#claim.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #names(): string[] {
    const { file, secrets } = this.#place;
    const profiles = (secrets['COMPOSE_PROFILES'] ?? '').split(',');
    return Object.entries(file.services)
      .filter(([, service]) => service.profiles.length === 0 || service.profiles.some((profile) => profiles.includes(profile)))
      .map(([name]) => name);
  }

  #service(name: string) {
    const service = this.#place.file.services[name];
    if (service === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
    return service;
  }

  /** All at once, each as soon as what it depends on serves or is done. */
  async #startAll(names: readonly string[]): Promise<void> {
    const starts = new Map<string, Promise<void>>();
    const startOf = (name: string): Promise<void> => {
      const known = starts.get(name);
      if (known !== undefined) return known;
      const before = Object.keys(this.#service(name).depends_on).map(startOf);
      const start = Promise.all(before).then(() => this.start(name));
      starts.set(name, start);
      return start;
    };
    const settled = await Promise.allSettled(names.map(startOf));
    const failed = settled.find((start) => start.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async #runJob(name: string, { command, args, env }: NativeProcess): Promise<void> {
    const logFile = join(this.#place.dir, `${name}.log`);
    for (let attempt = 1; ; attempt += 1) {
      const log = await open(logFile, 'a', 0o600);
      const child = spawn(command, [...args], { env, cwd: '/', stdio: ['ignore', log.fd, log.fd] });
      const [code] = (await once(child, 'exit')) as [number | null];
      await log.close();
      if (code === 0) break;
      if (attempt === JOB_ATTEMPTS)
        throw new Error(`${name} failed ${attempt} times, the last time with ${code}: see ${logFile}`);
      await delay(1_000);
    }
    this.#finished.set(name, 'done');
  }
}
