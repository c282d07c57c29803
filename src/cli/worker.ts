import { Argument, type Command } from 'commander';
import { runGpuWorker } from '../../workers/gpu-worker.ts';
import { runHostWorker } from '../../workers/host-worker.ts';
import { runPipelineWorker } from '../../workers/pipeline-worker.ts';
import type { App } from '../runtime/app.ts';
import { type CommonOptions, openApp } from './open-app.ts';
import type { WorkerRole } from './worker-children.ts';

const WORKERS: Readonly<Record<WorkerRole, (app: App) => Promise<void>>> = {
  host: runHostWorker,
  pipeline: runPipelineWorker,
  gpu: runGpuWorker,
};

export function addWorker(program: Command): void {
  program
    .command('worker')
    .summary('one worker: host, pipeline or gpu')
    .description(
      [
        'host      hands sealed clips over, uploads and releases them; on the machine that has the spool',
        'pipeline  workflows, alerts, events, and the vision-language model',
        'gpu       the object detector; any machine that reaches Temporal and the storage',
        '',
        'Each waits for Temporal as long as it takes.',
      ].join('\n'),
    )
    .addArgument(new Argument('<role>', 'which worker').choices(Object.keys(WORKERS)))
    .action(async (role: WorkerRole, _options: object, command: Command) => {
      await WORKERS[role](await openApp(command.optsWithGlobals<CommonOptions>()));
    });
}
