import type { Command } from 'commander';
import type { NotifierConfig } from '../config/schema.ts';
import type { Finding } from '../plugins/spec/finding.ts';
import type { OutgoingClipAlert } from '../plugins/spec/notifier.ts';
import type { App } from '../runtime/app.ts';
import { loadNotifier, notifiersOf } from '../runtime/compose.ts';
import { createTestAlert } from '../runtime/test-alert.ts';
import { tryPlugin } from '../runtime/tried-plugin.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { type CommonOptions, openApp } from './open-app.ts';
import { tellFindings } from './tell-findings.ts';
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
      // What it finds it says itself.
      const app = await openApp({ ...options, logLevel: 'error' });
      const chosen = chosenOf(app, name);
      const alert = await createTestAlert(app);
      const findings = await Promise.all(chosen.map((channel) => trySending(app, channel, alert)));
      tellFindings(findings, json === true ? { findings } : undefined);
    });
}

/** The channel of this name, or all that are on. Throws a `CliError` where there is none. */
function chosenOf({ config }: App, name: string | undefined): readonly NotifierConfig[] {
  const channels = notifiersOf(config);
  const chosen = channels.filter((channel) => name === undefined || channel.name === name);
  if (chosen.length > 0) return chosen;
  const names = channels.map((channel) => channel.name);
  if (name !== undefined) throw unknownName('channel', name, names);
  throw new CliError('no channel is on; see `notifiers` in the configuration', EXIT.failed);
}

const trySending = (app: App, channel: NotifierConfig, alert: OutgoingClipAlert): Promise<Finding> =>
  tryPlugin({
    what: `channel ${channel.name}`,
    load: () => loadNotifier(app, channel),
    call: (notifier) => notifier.send(alert, app.signal),
    works: 'took a test alert; look whether it has arrived',
  });
