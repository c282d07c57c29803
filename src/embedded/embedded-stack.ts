import { join, resolve } from 'node:path';
import { endLeftovers } from '../kit/leftovers.ts';
import { openBroker } from './broker.ts';
import { assignPorts } from './loopback-ports.ts';
import { openEmbeddedPostgres } from './postgres.ts';
import { findPostgresPackage } from './postgres-binaries.ts';
import { closeOnSignals } from './signals.ts';
import { claimStack, type StackClaim, type StackEndpoints } from './stack-file.ts';
import type { SupervisedChild } from './supervised-child.ts';
import { findTemporal, INSTALLED_TEMPORAL, type TemporalSource } from './temporal-cli.ts';
import { ensureSetup, openTemporalServer } from './temporal-server.ts';

export type StackPart = 'postgres' | 'temporal' | 'broker';

export interface StackProgress {
  readonly part: StackPart;
  readonly message: string;
}

export interface EmbeddedStackOptions {
  /** Holds everything the stack keeps. One stack at a time. */
  readonly dataDir: string;
  /** Parts to start; a part that the configuration names elsewhere is `false`. Default: all. Ports: free ones, kept for the data dir. */
  readonly postgres?: false | { readonly port?: number };
  readonly temporal?: false | { readonly port?: number; readonly uiPort?: number };
  readonly broker?: false | { readonly port?: number };
  /** Gives up durability of Postgres at power loss for speed. Tests only. */
  readonly relaxed?: boolean;
  readonly onProgress?: (progress: StackProgress) => void;
  /** Read for TEMPORAL_ADDRESS, TEMPORAL_CLI_PATH and PATH. Default: the process' own. */
  readonly env?: NodeJS.ProcessEnv;
  /** Takes root's Postgres where its own user cannot enter the data dir or the checkout. Default: /var/lib/homesec. */
  readonly systemDir?: string;
  /** The copy of the temporal program that set-up makes. Default: the one in this checkout. */
  readonly installedTemporalPath?: string;
  /** npm's package of Postgres for this platform. Default: the one in this checkout. */
  readonly postgresPackageDir?: string;
}

export interface EmbeddedStack extends AsyncDisposable {
  readonly endpoints: StackEndpoints;
  /** Ends all parts. Safe to call again. */
  close(): Promise<void>;
}

type Part = Readonly<Partial<StackEndpoints>>;
type Ports = Readonly<Record<string, number>>;

/**
 * Starts Postgres, Temporal and an MQTT broker as children on 127.0.0.1, in parallel, and returns when all of them serve.
 * A child that dies is started again at the same address. All end with `close`, with this process, and on SIGINT, SIGTERM and
 * SIGHUP where the application does not listen to those itself; what a SIGKILL leaves behind, the next start on the same data dir ends.
 * Throws `EmbeddedStackError`; then nothing is left running.
 */
export async function openEmbeddedStack(options: EmbeddedStackOptions): Promise<EmbeddedStack> {
  const dataDir = resolve(options.dataDir);
  const claim = await claimStack(dataDir);
  const stack = new OpenStack(claim);
  try {
    await stack.start({ ...options, dataDir });
    return stack;
  } catch (cause) {
    await stack.close();
    throw cause;
  }
}

class OpenStack implements EmbeddedStack {
  readonly #claim: StackClaim;
  readonly #children: SupervisedChild[] = [];
  #endpoints: StackEndpoints = { pid: process.pid };
  #closed: Promise<void> | undefined;
  readonly #ignoreSignals = closeOnSignals(() => this.close());

  constructor(claim: StackClaim) {
    this.#claim = claim;
  }

  get endpoints(): StackEndpoints {
    return this.#endpoints;
  }

  async start(options: EmbeddedStackOptions): Promise<void> {
    await endLeftovers(options.dataDir);
    const temporal = options.temporal === false ? undefined : findSource(options);
    const ports = await takePorts(options, temporal);
    const starts = [
      this.#startPostgres(options, ports),
      this.#startTemporal(options, ports, temporal),
      this.#startBroker(options, ports),
    ];
    // All are waited for, also when one fails: what starts after the others were closed would be left running.
    const settled = await Promise.allSettled(starts);
    const failed = settled.find((start) => start.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    for (const start of settled) if (start.status === 'fulfilled') this.#endpoints = { ...this.#endpoints, ...start.value };
    await this.#claim.publish(this.#endpoints);
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #end(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.close()));
    await this.#claim.release();
    this.#ignoreSignals();
  }

  async #startPostgres(options: EmbeddedStackOptions, ports: Ports): Promise<Part> {
    if (options.postgres === false || ports['postgres'] === undefined) return {};
    const { dataDir, relaxed = false, systemDir = '/var/lib/homesec', postgresPackageDir } = options;
    const report = reporter(options, 'postgres');
    const { child, dsn } = await openEmbeddedPostgres({
      dataDir,
      port: ports['postgres'],
      relaxed,
      systemDir,
      packageDir: postgresPackageDir ?? findPostgresPackage(),
      onProgress: report,
    });
    this.#children.push(child);
    report(`serves on 127.0.0.1:${ports['postgres']}`);
    return { postgresDsn: dsn };
  }

  async #startTemporal(options: EmbeddedStackOptions, ports: Ports, source: TemporalSource | undefined): Promise<Part> {
    if (source === undefined) return {};
    const report = reporter(options, 'temporal');
    if (source.kind === 'server') {
      await ensureSetup(source.address, report);
      report(`uses the server at ${source.address} (TEMPORAL_ADDRESS)`);
      return { temporalAddress: source.address };
    }
    const { temporal: port, 'temporal-ui': uiPort } = ports;
    if (port === undefined || uiPort === undefined) return {};
    this.#children.push(
      await openTemporalServer({ program: source.path, dataDir: options.dataDir, port, uiPort, onProgress: report }),
    );
    report(`serves on 127.0.0.1:${port}, its UI on http://127.0.0.1:${uiPort} (program from ${source.from})`);
    return { temporalAddress: `127.0.0.1:${port}`, temporalUiUrl: `http://127.0.0.1:${uiPort}` };
  }

  async #startBroker(options: EmbeddedStackOptions, ports: Ports): Promise<Part> {
    if (options.broker === false || ports['broker'] === undefined) return {};
    const report = reporter(options, 'broker');
    const { dataDir, env = process.env } = options;
    this.#children.push(await openBroker({ dataDir, port: ports['broker'], env, onProgress: report }));
    report(`serves on 127.0.0.1:${ports['broker']}`);
    return { mqttUrl: `mqtt://127.0.0.1:${ports['broker']}` };
  }
}

const reporter =
  ({ onProgress }: EmbeddedStackOptions, part: StackPart) =>
  (message: string) =>
    onProgress?.({ part, message });

function findSource(options: EmbeddedStackOptions): TemporalSource {
  return findTemporal({
    env: options.env ?? process.env,
    installedPath: options.installedTemporalPath ?? INSTALLED_TEMPORAL,
    downloadDir: join(options.dataDir, 'temporal-download'),
    onProgress: reporter(options, 'temporal'),
  });
}

function takePorts(options: EmbeddedStackOptions, source: TemporalSource | undefined): Promise<Ports> {
  const { postgres, temporal, broker } = options;
  return assignPorts({
    file: join(options.dataDir, 'ports.json'),
    wanted: {
      ...(postgres === false ? {} : { postgres: postgres?.port }),
      ...(temporal === false || source?.kind !== 'program' ? {} : { temporal: temporal?.port, 'temporal-ui': temporal?.uiPort }),
      ...(broker === false ? {} : { broker: broker?.port }),
    },
    onMoved: (name, from, to) => reporter(options, partOf(name))(`port ${from} is in use by another program; moves to ${to}`),
  });
}

const partOf = (name: string): StackPart => (name === 'postgres' || name === 'broker' ? name : 'temporal');
