import type { Command } from 'commander';
import type { ClipId } from '../domain/ids.ts';
import { acknowledgeClip } from '../runtime/clip-commands.ts';
import { valueOf } from './clip-failure.ts';
import { clipIdArgument } from './clip-selection.ts';
import { openClipServers } from './clip-servers.ts';
import type { CommonOptions } from './open-app.ts';
import { printLine } from './print.ts';

export function addAcknowledge(clips: Command): void {
  clips
    .command('ack')
    .summary('mark a clip as seen by a person')
    .description('Notes in the history of the clip, running or closed, who has seen it.')
    .addArgument(clipIdArgument('<clip>'))
    .requiredOption('--by <name>', 'who has seen it')
    .action(async (clipId: ClipId, { by }: { readonly by: string }, command: Command) => {
      await using servers = await openClipServers(command.optsWithGlobals<CommonOptions>());
      valueOf(await acknowledgeClip(servers, clipId, by));
      printLine('acknowledged');
    });
}
