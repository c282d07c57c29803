import type { Command } from 'commander';
import { runCameraHost } from '../../workers/camera-host.ts';
import { type CommonOptions, openApp } from './open-app.ts';
import { openWorkerChildren } from './worker-children.ts';

export function addRecord(program: Command): void {
  program
    .command('record')
    .summary('only the cameras of this machine')
    .description(
      'Records all cameras into the spool, and keeps `worker host` running beside it, which hands clips over and uploads them.\nNeeds a disk and nothing else; what is sealed waits for the servers.',
    )
    .action(async (_options: object, command: Command) => {
      const app = await openApp(command.optsWithGlobals<CommonOptions>());
      await using _workers = await openWorkerChildren(app, ['host']);
      await runCameraHost(app);
    });
}
