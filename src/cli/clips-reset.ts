import { type Command, Option } from 'commander';
import type { ClipId } from '../domain/ids.ts';
import { ok } from '../domain/result.ts';
import { resetClip } from '../runtime/clip-commands.ts';
import { RESET_POINTS, type ResetPoint } from '../temporal/reset-clip.ts';
import { type ClipSelection, eachClip, forClips, yesOption } from './clip-selection.ts';
import { type CommonOptions, openApp } from './open-app.ts';
import { openTemporal } from './open-servers.ts';

interface ResetOptions extends CommonOptions, ClipSelection {
  readonly to: ResetPoint;
}

export function addReset(clips: Command): void {
  forClips(clips.command('reset'))
    .summary('take a clip back to an earlier point')
    .description(
      'What a clip did before that point keeps its results, what came after is done again; running or closed, as with the reset button of the Temporal UI. Nothing that was delivered is delivered again.',
    )
    .addOption(yesOption())
    .addOption(new Option('--to <point>', 'its beginning, or just before this stage').choices(RESET_POINTS).makeOptionMandatory())
    .action(async (clipId: ClipId | undefined, _options: object, command: Command) => {
      const options = command.optsWithGlobals<ResetOptions>();
      await using temporal = openTemporal(await openApp(options));
      await eachClip(temporal, clipId, options, async (each) => {
        const outcome = await resetClip(temporal, each, options.to);
        return outcome.ok ? ok(`reset to ${options.to}`) : outcome;
      });
    });
}
