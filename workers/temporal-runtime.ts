import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import type { RootLogger } from '../src/kit/logger.ts';

const LEVELS = { TRACE: 'debug', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** Once per process, before anything of the SDK: its log lines, those of the native core too, go to ours. */
export function installTemporalRuntime(logger: RootLogger): void {
  const forward = new DefaultLogger('INFO', ({ level, message, meta }) => {
    const { workflowId, ...fields } = { workflowId: undefined, ...meta };
    logger[LEVELS[level]]({ sdk: fields, ...contextOf(workflowId) }, message);
  });
  Runtime.install({
    logger: forward,
    // The process that owns the worker decides when it stops.
    shutdownSignals: [],
    telemetryOptions: { logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) } },
  });
}

const contextOf = (workflowId: unknown): object =>
  typeof workflowId === 'string' && workflowId.startsWith('clip-') ? { clip_id: workflowId.slice('clip-'.length) } : {};
