import { type Command, Option } from 'commander';
import { assertNever } from '../domain/assert-never.ts';
import type { ClipId } from '../domain/ids.ts';
import { ok } from '../domain/result.ts';
import { STAGES, type Stage } from '../domain/stage-error.ts';
import { type RetryOutcome, retryClip } from '../runtime/clip-commands.ts';
import { type ClipSelection, eachClip, forClips, yesOption } from './clip-selection.ts';
import { openClipServers } from './clip-servers.ts';
import type { CommonOptions } from './open-app.ts';

interface RetryOptions extends CommonOptions, ClipSelection {
  readonly stage?: Stage;
}

export function addRetry(clips: Command): void {
  forClips(clips.command('retry'))
    .summary('have what failed tried again')
    .description(
      'A parked clip repeats the stage that failed. A closed one is processed once more, as its next generation. One that the spool of this machine has set aside is handed over again.',
    )
    .addOption(yesOption())
    .addOption(new Option('--stage <stage>', 'of a parked clip only this stage; left out: each that failed').choices(STAGES))
    .action(async (clipId: ClipId | undefined, _options: object, command: Command) => {
      const options = command.optsWithGlobals<RetryOptions>();
      await using servers = await openClipServers(options);
      await eachClip(servers, clipId, options, async (each) => {
        const outcome = await retryClip(servers, each, options.stage);
        return outcome.ok ? ok(inWords(outcome.value)) : outcome;
      });
    });
}

function inWords(outcome: RetryOutcome): string {
  switch (outcome.how) {
    case 'retried':
      return `retrying ${outcome.stages.join(', ')}`;
    case 'restarted':
      return `started again as generation ${outcome.generation}`;
    case 'readmitted':
      return 'it had been set aside; it is handed over again';
    default:
      return assertNever(outcome);
  }
}
