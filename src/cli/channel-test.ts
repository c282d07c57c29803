import type { Command } from 'commander';
import { loadChannels, notifiersOf } from '../runtime/compose.ts';
import { createTestAlert, tryChannel } from '../runtime/test-alert.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { type CommonOptions, openApp } from './open-app.ts';
import { printJson } from './print.ts';
import { printFinding } from './print-finding.ts';
import { unknownName } from './unknown-name.ts';

export function addChannelTest(channels: Command): void {
  channels
    .command('test')
    .summary('send a test alert')
    .description(
      'Sends an alert that says it is a test, with a picture, over one channel, or over all that are on. No clip is made, and nothing is recorded. Exit code 1 when a channel does not take it.',
    )
    .argument('[name]', 'the channel, as configured')
    .option('--json', 'machine-readable output')
    .action(async (name: string | undefined, _options: object, command: Command) => {
      const { json, ...options } = command.optsWithGlobals<CommonOptions & { readonly json?: boolean }>();
      const app = await openApp(options);
      const names = notifiersOf(app.config).map((notifier) => notifier.name);
      if (names.length === 0) throw new CliError('no channel is on; see `notifiers` in the configuration', EXIT.failed);
      if (name !== undefined && !names.includes(name)) throw unknownName('channel', name, names);
      const chosen = await loadChannels(app, name);
      const alert = await createTestAlert(app);
      const findings = await Promise.all(chosen.map((channel) => tryChannel(app, channel, alert)));
      if (json === true) printJson({ findings });
      else for (const finding of findings) printFinding(finding);
      if (findings.some(({ state }) => state === 'bad')) process.exitCode = EXIT.failed;
    });
}
