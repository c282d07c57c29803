import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import type { Logger } from '../src/plugins/spec/plugin.ts';

const inWorkflows = (file: string): string => fileURLToPath(new URL(`../workflows/${file}`, import.meta.url));

/**
 * The code of all workflows with their interceptors, as the worker's sandbox runs it. Takes one to three seconds.
 * @param failureConverterPath of the converter that the worker's `dataConverter` names, if it names one.
 */
export function bundleWorkflows(logger: Logger, failureConverterPath?: string): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({
    ...(failureConverterPath === undefined ? {} : { failureConverterPath }),
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

const BUNDLE_PROCESS = fileURLToPath(new URL('bundle-process.ts', import.meta.url));

/** The same, made by a process of its own, so that the bundler's memory goes with it: 160 MiB of an idle worker's 350. */
export function bundleWorkflowsApart(failureConverterPath?: string): Promise<WorkflowBundleWithSourceMap> {
  // Detached: Ctrl-C in the terminal is for the worker, which waits for no bundle then.
  const child = fork(BUNDLE_PROCESS, failureConverterPath === undefined ? [] : [failureConverterPath], {
    serialization: 'advanced',
    execArgv: [],
    detached: true,
  });
  return new Promise((resolve, reject) => {
    // The one message that it sends.
    child.once('message', (bundle) => resolve(bundle as WorkflowBundleWithSourceMap));
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`bundling the workflows ended with ${signal ?? `code ${code}`}`)));
  });
}
