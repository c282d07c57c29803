import { Argument, type Command } from 'commander';
import type { App } from '../runtime/app.ts';
import { valueOrExit } from './cli-error.ts';
import { ensureNodeOptions, type WorkerRole } from './node-options.ts';
import { type CommonOptions, openService } from './open-app.ts';

/** Loaded when they are run: a process of another verb or worker starts sooner and smaller without them. */
const WORKERS: Readonly<Record<WorkerRole, (app: App) => Promise<void>>> = {
  host: async (app) => valueOrExit(await (await import('../../workers/host-worker.ts')).runHostWorker(app)),
  pipeline: async (app) => valueOrExit(await (await import('../../workers/pipeline-worker.ts')).runPipelineWorker(app)),
  gpu: async (app) => valueOrExit(await (await import('../../workers/gpu-worker.ts')).runGpuWorker(app)),
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
      ensureNodeOptions(role);
      await WORKERS[role](await openService(command.optsWithGlobals<CommonOptions>()));
    });
}
