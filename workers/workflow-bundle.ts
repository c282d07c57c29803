import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import type { Logger } from '../src/plugins/spec/plugin.ts';

const inWorkflows = (file: string): string => fileURLToPath(new URL(`../workflows/${file}`, import.meta.url));

/** The code of all workflows with their interceptors, as the worker's sandbox runs it. Takes one to three seconds. */
export function bundleWorkflows(logger: Logger): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({
    workflowsPath: inWorkflows('index.ts'),
    workflowInterceptorModules: [inWorkflows('reset-guard.ts')],
    logger: {
      log: (level, message) => logger.debug({ level }, message),
      trace: (message) => logger.debug({}, message),
      debug: (message) => logger.debug({}, message),
      info: (message) => logger.debug({}, message),
      warn: (message) => logger.warn({}, message),
      error: (message) => logger.error({}, message),
    },
  });
}
