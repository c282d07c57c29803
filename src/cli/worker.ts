import { Argument, type Command } from 'commander';
import { runGpuWorker } from '../../workers/gpu-worker.ts';
import { runHostWorker } from '../../workers/host-worker.ts';
import { runPipelineWorker } from '../../workers/pipeline-worker.ts';
import type { App } from '../runtime/app.ts';
import { valueOrExit } from './cli-error.ts';
import { type CommonOptions, openService } from './open-app.ts';
import type { WorkerRole } from './worker-children.ts';

const WORKERS: Readonly<Record<WorkerRole, (app: App) => Promise<void>>> = {
  host: async (app) => valueOrExit(await runHostWorker(app)),
  pipeline: runPipelineWorker,
  gpu: runGpuWorker,
};

export function addWorker(program: Command): void {
  program
    .command('worker')
    .summary('one worker: host, pipeline or gpu')
    .description('Runs one worker until Ctrl-C, for a household on several machines. It waits for Temporal as long as it takes.')
    .addHelpText(
      'after',
      `
Workers:
  host      hands sealed clips over, uploads and releases them; beside the spool
  pipeline  workflows, alerts, events, and the vision-language model
  gpu       the object detector; wherever Temporal and the storage are reached`,
    )
    .addArgument(new Argument('<role>', 'which worker').choices(Object.keys(WORKERS)))
    .action(async (role: WorkerRole, _options: object, command: Command) => {
      await WORKERS[role](await openService(command.optsWithGlobals<CommonOptions>()));
    });
}
