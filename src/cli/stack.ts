import { type Command, Option } from 'commander';
import { stopped } from '../../workers/stopped.ts';
import { openEmbeddedStack } from '../embedded/embedded-stack.ts';
import { readOwner } from '../embedded/stack-file.ts';
import { endProcess } from '../kit/process-identity.ts';
import { partsOf } from '../runtime/household-stack.ts';
import { type CommonOptions, openApp, openService } from './open-app.ts';
import { printLine } from './print.ts';

export function addStack(program: Command): void {
  const stack = program
    .command('stack')
    .summary('the embedded servers alone: up, down')
    .description(
      'Postgres, Temporal and the MQTT broker without cameras and workers, for development and for worker processes of your own.',
    );
  stack
    .command('up')
    .summary('run Temporal, Postgres and the broker until Ctrl-C')
    .description(
      'Starts those servers that the configuration names nowhere else, prints where they are, and ends them on Ctrl-C.',
    )
    .addOption(new Option('--only <part>', 'only this part').choices(['postgres']))
    .action(async (_options: object, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { readonly only?: string }>();
      const app = await openService(options);
      const parts = options.only === 'postgres' ? { temporal: false as const, broker: false as const } : partsOf(app);
      await using opened = await openEmbeddedStack({
        dataDir: app.folders.data,
        ...parts,
        onProgress: ({ part, message }) => printLine(`${part}: ${message}`),
      });
      for (const [name, value] of Object.entries(opened.endpoints)) if (name !== 'postgresDsn') printLine(`${name}: ${value}`);
      await stopped(app.signal);
    });
  stack
    .command('down')
    .summary('end the servers that run with this configuration')
    .action(async (_options: object, command: Command) => {
      const app = await openApp(command.optsWithGlobals<CommonOptions>());
      const owner = readOwner(app.folders.data);
      if (owner === undefined) return printLine('not running');
      await endProcess(owner, { signal: 'SIGTERM', graceMs: 30_000 });
      printLine('ended');
    });
}
