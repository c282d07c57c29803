import { collectDefaultMetrics, type Registry } from 'prom-client';
import { healthAddressOf } from '../health/health-address.ts';
import { openHealthServer } from '../health/health-server.ts';
import type { Finding } from '../plugins/spec/finding.ts';
import type { App } from './app.ts';

/** What a process tells of itself. */
export interface ProcessFacts {
  /** `record`, `worker pipeline` */
  readonly name: string;
  readonly registry: Registry;
  readonly look: () => Promise<readonly Finding[]>;
  /** Brings figures up to date before they are told. @returns further ones, in Prometheus' text format. */
  readonly refresh?: () => Promise<string>;
}

/** Answers questions about this process where the configuration or the environment says so, else nowhere. */
export function openProcessHealth(app: App, facts: ProcessFacts): AsyncDisposable {
  const at = healthAddressOf(app.config);
  if (at === undefined) return { [Symbol.asyncDispose]: () => Promise.resolve() };
  const { name, registry, refresh = () => Promise.resolve('') } = facts;
  collectDefaultMetrics({ register: registry });
  return openHealthServer({
    at,
    name,
    logger: app.logger,
    look: shared(facts.look),
    metrics: async () => {
      const others = await refresh();
      return `${await registry.metrics()}${others}`;
    },
  });
}

/** Whoever asks while the answer is being found gets the same one. */
function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let asking: Promise<T> | undefined;
  return () => {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
}
