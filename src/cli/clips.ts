import type { Command } from 'commander';
import { addAcknowledge } from './clips-acknowledge.ts';
import { addList } from './clips-list.ts';
import { addReset } from './clips-reset.ts';
import { addRetry } from './clips-retry.ts';
import { addShow } from './clips-show.ts';

export function addClips(program: Command): void {
  const clips = program
    .command('clips')
    .summary('list, show, retry, reset and acknowledge clips')
    .description(
      'What became of each clip, as Postgres knows it; `retry`, `reset` and `ack` also speak to its workflow in Temporal.',
    );
  for (const add of [addList, addShow, addRetry, addReset, addAcknowledge]) add(clips);
}
