import type { Command } from 'commander';
import { openHouseholdStack } from '../runtime/household-stack.ts';
import { type CommonOptions, openService } from './open-app.ts';
import { openCameras } from './open-cameras.ts';
import { openWorkerChildren } from './worker-children.ts';

export function addRun(program: Command): void {
  program
    .command('run')
    .summary('everything in one: servers, cameras, workers')
    .description(
      'Records all cameras and processes their clips. Temporal, Postgres and an MQTT broker are started as children where the configuration names none. Recording starts at once and waits for nothing. Ends cleanly on Ctrl-C.',
    )
    .action(async (_options: object, command: Command) => {
      const app = await openService(command.optsWithGlobals<CommonOptions>());
      await using cameras = await openCameras(app);
      await using _stack = openHouseholdStack(app, (line) => app.logger.info({}, line));
      await using _workers = await openWorkerChildren(app, ['host', 'pipeline', 'gpu']);
      await cameras.untilStopped();
    });
}
