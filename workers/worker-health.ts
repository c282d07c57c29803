import type { Connection } from '@temporalio/client';
import type { Worker } from '@temporalio/worker';
import { Registry } from 'prom-client';
import { healthAddressOf } from '../src/health/health-address.ts';
import { createStageMetrics, type StageOutcome } from '../src/health/stage-metrics.ts';
import { bad } from '../src/kit/findings.ts';
import type { Finding } from '../src/plugins/spec/finding.ts';
import type { App } from '../src/runtime/app.ts';
import { openProcessHealth } from '../src/runtime/process-health.ts';
import type { TemporalAccess } from '../src/temporal/access.ts';
import { createTemporalConnection } from '../src/temporal/client.ts';
import { queueFindings } from './queue-findings.ts';
import { openSdkMetrics } from './sdk-metrics.ts';

/** What a worker's health is besides that of its connection and its stages. */
export interface WorkerHealthPlan {
  /** As its verb: `worker gpu`. */
  readonly name: string;
  readonly look?: () => Promise<readonly Finding[]>;
  /** Adds figures of its own. @returns what brings them up to date before they are told. */
  readonly addFigures?: (registry: Registry) => () => void;
}

export interface WorkerHealth extends AsyncDisposable {
  /** Where the SDK's exporter listens; undefined where nobody asks. */
  readonly sdkMetricsAddress: string | undefined;
  readonly stageEnded: (outcome: StageOutcome) => void;
  readonly waiting: (reason: string) => void;
  readonly working: (access: TemporalAccess, workers: readonly Worker[]) => void;
}

export async function openWorkerHealth(app: App, { name, look, addFigures }: WorkerHealthPlan): Promise<WorkerHealth> {
  const registry = new Registry();
  const stages = createStageMetrics(registry);
  const updateFigures = addFigures?.(registry);
  const sdk = healthAddressOf(app.config) === undefined ? undefined : await openSdkMetrics();
  let temporal = (): Promise<Finding[]> => Promise.resolve(waitingFor('not asked yet'));
  let connection: Connection | undefined;
  const server = openProcessHealth(app, {
    name,
    registry,
    look: async () => [...(await temporal()), ...stages.failingChannels(), ...((await look?.()) ?? [])],
    refresh: async () => {
      updateFigures?.();
      // Ours are told also while its exporter does not answer.
      return (await sdk?.read().catch(() => '')) ?? '';
    },
  });
  return {
    sdkMetricsAddress: sdk?.bindAddress,
    stageEnded: stages.ended,
    waiting: (reason) => {
      temporal = () => Promise.resolve(waitingFor(reason));
    },
    working: (access, workers) => {
      const asking = createTemporalConnection(access);
      connection = asking;
      temporal = () => queueFindings(asking, workers);
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await connection?.close();
    },
  };
}

const waitingFor = (reason: string): Finding[] => [
  bad('Temporal', `no connection yet: ${reason}`, 'See that Temporal runs where temporal.address says. It is tried for ever.'),
];
