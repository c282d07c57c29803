import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { type ClipId, isClipId } from '../domain/ids.ts';
import type { Result } from '../domain/result.ts';
import { type ClipCommandDeps, matchingClips } from '../runtime/clip-commands.ts';
import type { FoundClip } from '../temporal/find-clips.ts';
import { CliError } from './cli-error.ts';
import { type ClipFailure, exitCodeOf, valueOf } from './clip-failure.ts';
import { EXIT } from './exit-codes.ts';
import { printLine, printTable } from './print.ts';

/** Which clips a command is for: one, or all that match. */
export interface ClipSelection {
  readonly filter?: string;
  readonly yes?: boolean;
}

export const clipIdArgument = (term: '<clip>' | '[clip]') =>
  new Argument(term, 'clip id, as `clips list` shows it').argParser((text: string): ClipId => {
    if (!isClipId(text)) throw new InvalidArgumentError('This is not a clip id; `homesec clips list` shows them.');
    return text;
  });

/** Gives a command `[clip]` or `--filter`: one of them has to be there. */
export const forClips = (command: Command): Command =>
  command
    .addArgument(clipIdArgument('[clip]'))
    .option(
      '--filter <query>',
      'all clips that match, in the words of the Temporal UI: \'ClipStatus="parked" AND ClipCamera="Front Door"\'',
    )
    .hook('preAction', (_program, chosen) => {
      if ((chosen.args.length === 0) === (chosen.opts<ClipSelection>().filter === undefined))
        throw new CliError('Name a clip, or say with --filter which ones.', EXIT.usage);
    });

export const yesOption = () => new Option('--yes', 'with --filter: do it; left out, the clips are only listed');

/** The clips that match, by what the workflow of each is now. */
export async function filteredClips(deps: Pick<ClipCommandDeps, 'client'>, filter: string): Promise<readonly FoundClip[]> {
  return valueOf(await matchingClips(deps, filter));
}

/**
 * Does to the clips that are meant what `act` does to one, and says of each what became of it. Of many the ones that refuse
 * hold up no other: the exit code is 1 when there are any. A server that is away ends the command.
 */
export async function eachClip(
  deps: Pick<ClipCommandDeps, 'client'>,
  clipId: ClipId | undefined,
  { filter, yes }: ClipSelection,
  act: (clipId: ClipId) => Promise<Result<string, ClipFailure>>,
): Promise<void> {
  if (clipId !== undefined) return printLine(valueOf(await act(clipId)));
  const clips = await filteredClips(deps, filter ?? '');
  if (yes !== true) return listOnly(clips);
  let refused = 0;
  for (const [index, { clipId: each }] of clips.entries()) {
    const outcome = await act(each);
    if (!outcome.ok && exitCodeOf(outcome.error) === EXIT.unavailable) valueOf(outcome);
    if (!outcome.ok) refused += 1;
    printLine(`${index + 1}/${clips.length}  ${each}  ${outcome.ok ? outcome.value : `refused: ${outcome.error.message}`}`);
  }
  printLine(`\n${counted(clips.length)}, ${refused} refused`);
  if (refused > 0) process.exitCode = EXIT.failed;
}

function listOnly(clips: readonly FoundClip[]): void {
  printTable(
    ['CLIP', 'CAMERA', 'STATUS', 'STAGE', 'ERROR'],
    clips.map(({ clipId, camera, status, stage, errorCode }) => [clipId, camera, status, stage, errorCode]),
  );
  printLine(clips.length === 0 ? '\nno clip matches' : `\n${counted(clips.length)}; nothing is done without --yes`);
}

const counted = (count: number): string => (count === 1 ? '1 clip' : `${count} clips`);
