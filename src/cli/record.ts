import type { Command } from 'commander';
import { type CommonOptions, openService } from './open-app.ts';
import { openCameras } from './open-cameras.ts';
import { openWorkerChildren } from './worker-children.ts';

export function addRecord(program: Command): void {
  program
    .command('record')
    .summary('only the cameras of this machine')
    .description(
      'Records all cameras into the spool, and keeps `worker host` running beside it, which hands clips over and uploads them. Needs a disk and nothing else; what is sealed waits for the servers.',
    )
    .action(async (_options: object, command: Command) => {
      const app = await openService(command.optsWithGlobals<CommonOptions>());
      await using cameras = await openCameras(app);
      await using _workers = await openWorkerChildren(app, ['host']);
      await cameras.untilStopped();
    });
}
