import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import type { RootLogger } from '../src/kit/logger.ts';

const LEVELS = { TRACE: 'debug', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/**
 * Once per process, before anything of the SDK: its log lines, those of the native core too, go to ours.
 * @param metricsAddress `host:port` where its exporter for Prometheus shall listen; left out: no figures are kept.
 */
export function installTemporalRuntime(logger: RootLogger, metricsAddress?: string): void {
  const forward = new DefaultLogger('INFO', ({ level, message, meta }) => {
    const { workflowId, ...fields } = { workflowId: undefined, ...meta };
    logger[LEVELS[level]]({ sdk: fields, ...contextOf(workflowId) }, message);
  });
  Runtime.install({
    logger: forward,
    // The process that owns the worker decides when it stops.
    shutdownSignals: [],
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
      ...(metricsAddress === undefined ? {} : { metrics: { prometheus: { bindAddress: metricsAddress, ...PROMETHEUS_NAMES } } }),
    },
  });
}

/** As Prometheus wants names to be. */
const PROMETHEUS_NAMES = { countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true };

const contextOf = (workflowId: unknown): object =>
  typeof workflowId === 'string' && workflowId.startsWith('clip-') ? { clip_id: workflowId.slice('clip-'.length) } : {};
