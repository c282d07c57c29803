import { argv, execArgv, execPath } from 'node:process';

export type WorkerRole = 'host' | 'pipeline' | 'gpu';

/** How Node is started for a worker. */
export const NODE_OPTIONS: Readonly<Record<WorkerRole, readonly string[]>> = {
  host: [],
  // What a workflow task leaves behind dies young: a nursery of its size spares copying it, and 70 MiB at the peak.
  pipeline: [
    '--min-semi-space-size=8',
    '--max-semi-space-size=32',
    '--import',
    new URL('../../workers/workflow-thread.ts', import.meta.url).href,
  ],
  gpu: [],
};

/**
 * Starts this program anew in its own place, where Node was started without the worker's options: process id, signals, output and exit
 * code are the same ones. To be called before anything is open. Returns where nothing is to be done.
 */
export function ensureNodeOptions(role: WorkerRole): void {
  const wanted = NODE_OPTIONS[role];
  if (wanted.every((option) => execArgv.includes(option))) return;
  process.execve?.(execPath, [execPath, ...execArgv, ...wanted, ...argv.slice(1)]);
}
