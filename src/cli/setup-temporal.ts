import type { Command } from 'commander';
import { setupTemporal } from '../temporal/setup.ts';
import { valueOrExit } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { type CommonOptions, openApp } from './open-app.ts';
import { openTemporal } from './open-servers.ts';
import { printLine } from './print.ts';

export function addSetupTemporal(program: Command): void {
  program
    .command('setup-temporal')
    .summary('create namespace and search attributes on a Temporal server')
    .description('Needed once on a server of your own; the embedded one is set up by itself. Repeating it changes nothing.')
    .action(async (_options: object, command: Command) => {
      const app = await openApp(command.optsWithGlobals<CommonOptions>());
      await using temporal = openTemporal(app);
      const { address, namespace: wanted } = temporal.access;
      const ready = await setupTemporal(temporal.connection, { namespace: wanted });
      const { namespace, namespaceCreated, attributesAdded } = valueOrExit(ready, ({ code }) =>
        code === 'TEMPORAL_UNREACHABLE' ? EXIT.unavailable : EXIT.failed,
      );
      const added = attributesAdded.length === 0 ? '' : `, added ${attributesAdded.join(', ')}`;
      printLine(`namespace ${namespace} on ${address} ${namespaceCreated ? 'created' : 'is there'}${added}`);
    });
}
