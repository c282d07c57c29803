import { setTimeout as delay } from 'node:timers/promises';
import { Connection, isGrpcServiceError } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { NAMESPACE, RETENTION_HOURS, SEARCH_ATTRIBUTES } from '../domain/process-clip.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { explainRefusal } from './explain-refusal.ts';

export interface TemporalSetup {
  readonly namespace: string;
  /** Whether it was not there before. */
  readonly namespaceCreated: boolean;
  /** Search attributes that were missing, by name. */
  readonly attributesAdded: readonly string[];
}

export type TemporalSetupError =
  /** No answer, or not the one that was waited for, within the time. */
  | { readonly code: 'TEMPORAL_UNREACHABLE'; readonly message: string; readonly cause: unknown }
  /** The server refuses: rights, a full list of attributes. */
  | { readonly code: 'TEMPORAL_REFUSED'; readonly message: string; readonly cause: unknown }
  /** An attribute of that name exists with another type. */
  | { readonly code: 'TEMPORAL_ATTRIBUTE_CLASH'; readonly message: string };

export interface TemporalSetupOptions {
  /** Default: `homesec`. */
  readonly namespace?: string;
  /** For everything together. Default: 90 s, since a cluster's caches may need a minute to see new attributes. */
  readonly timeoutMs?: number;
}

/** temporal.api.enums.v1.IndexedValueType */
const ATTRIBUTE_TYPES = { KEYWORD: 2, BOOL: 5, DATETIME: 6, KEYWORD_LIST: 7 } as const;

const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
/** CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ABORTED, UNAVAILABLE: what a server says that is starting or has not yet read what was just written. */
const MAY_PASS: readonly number[] = [1, 2, 3, 4, NOT_FOUND, 10, 14];

/**
 * Makes a server ready for HomeSec: the namespace with at least 720 h of retention and the search attributes, all usable when this returns.
 * Changes only what is missing, so it may run at every start. Waits for a server that is still coming up.
 * `target`: `host:port` of a server without TLS and credentials, or an open connection, which stays open.
 */
export async function setupTemporal(
  target: string | Connection,
  options: TemporalSetupOptions = {},
): Promise<Result<TemporalSetup, TemporalSetupError>> {
  const { namespace = NAMESPACE, timeoutMs = 90_000 } = options;
  const connection = typeof target === 'string' ? Connection.lazy({ address: target }) : target;
  const server = new Server(connection, namespace, Date.now() + timeoutMs);
  try {
    const namespaceCreated = await server.ensureNamespace();
    const attributesAdded = await server.ensureAttributes();
    return ok({ namespace, namespaceCreated, attributesAdded });
  } catch (cause) {
    return err(asSetupError(cause, namespace));
  } finally {
    if (connection !== target) await connection.close();
  }
}

class AttributeClash extends Error {}

class Server {
  readonly #connection: Connection;
  readonly #namespace: string;
  readonly #deadline: number;

  constructor(connection: Connection, namespace: string, deadline: number) {
    this.#connection = connection;
    this.#namespace = namespace;
    this.#deadline = deadline;
  }

  /** True when it was created. */
  async ensureNamespace(): Promise<boolean> {
    const { workflowService } = this.#connection;
    const namespace = this.#namespace;
    const retention = msToTs(RETENTION_HOURS * 3_600_000);
    const found = await this.#patiently(() => orUndefined(NOT_FOUND, workflowService.describeNamespace({ namespace })));
    if (found === undefined) {
      // Another process may have been quicker.
      const request = { namespace, workflowExecutionRetentionPeriod: retention };
      return (await this.#patiently(() => orUndefined(ALREADY_EXISTS, workflowService.registerNamespace(request)))) !== undefined;
    }
    // A longer one is the owner's choice.
    if (Number(found.config?.workflowExecutionRetentionTtl?.seconds ?? 0) < RETENTION_HOURS * 3_600) {
      await this.#patiently(() =>
        workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl: retention } }),
      );
    }
    return false;
  }

  /** The names that were missing. */
  async ensureAttributes(): Promise<readonly string[]> {
    const { operatorService, workflowService } = this.#connection;
    const namespace = this.#namespace;
    const { customAttributes } = await this.#patiently(() => operatorService.listSearchAttributes({ namespace }));
    const wanted = Object.entries(SEARCH_ATTRIBUTES);
    for (const [name, type] of wanted) {
      const has: number | undefined = customAttributes[name];
      if (has !== undefined && has !== ATTRIBUTE_TYPES[type]) throw new AttributeClash(name);
    }
    const missing = wanted.filter(([name]) => customAttributes[name] === undefined);
    if (missing.length > 0) {
      const searchAttributes = Object.fromEntries(missing.map(([name, type]) => [name, ATTRIBUTE_TYPES[type]]));
      await this.#patiently(() =>
        orUndefined(ALREADY_EXISTS, operatorService.addSearchAttributes({ namespace, searchAttributes })),
      );
    }
    // The server answers this only when its front end knows namespace and attributes, which is when it also takes starts that carry them.
    const query = wanted.map(([name]) => `${name} is null`).join(' and ');
    await this.#patiently(() => workflowService.countWorkflowExecutions({ namespace, query }));
    return missing.map(([name]) => name);
  }

  /** Asks until it is answered, something is refused for good, or the time is over. */
  async #patiently<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await this.#connection.withDeadline(Math.min(this.#deadline, Date.now() + 5_000), ask);
      } catch (cause) {
        if (!MAY_PASS.includes(grpcCode(cause) ?? -1) || Date.now() >= this.#deadline) throw cause;
        await delay(100);
      }
    }
  }
}

async function orUndefined<T>(code: number, answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (cause) {
    if (grpcCode(cause) === code) return undefined;
    throw cause;
  }
}

const grpcCode = (cause: unknown): number | undefined => (isGrpcServiceError(cause) ? cause.code : undefined);

function asSetupError(cause: unknown, namespace: string): TemporalSetupError {
  if (cause instanceof AttributeClash) {
    const message = `search attribute ${cause.message} exists in namespace ${namespace} with another type than HomeSec needs; remove it or give HomeSec a namespace of its own`;
    return { code: 'TEMPORAL_ATTRIBUTE_CLASH', message };
  }
  const code = grpcCode(cause);
  if (code === undefined) throw cause;
  const why = explainRefusal(cause);
  if (MAY_PASS.includes(code))
    return { code: 'TEMPORAL_UNREACHABLE', message: `Temporal does not answer as it should: ${why}`, cause };
  return { code: 'TEMPORAL_REFUSED', message: `Temporal refuses to prepare namespace ${namespace}: ${why}`, cause };
}
