import { type Command, InvalidArgumentError } from 'commander';
import { CANCEL_UPDATE, MAX_CONCURRENCY, PAUSE_UPDATE, RESUME_UPDATE, SET_CONCURRENCY_UPDATE } from '../domain/backfill.ts';
import { type BackfillUpdate, updateBackfill } from '../temporal/backfill.ts';
import { batchArgument, fromTemporal } from './backfill-servers.ts';
import { printProgress } from './backfill-status.ts';
import { type CommonOptions, openApp } from './open-app.ts';
import { openTemporal } from './open-servers.ts';

const CONTROLS = [
  { verb: 'pause', update: PAUSE_UPDATE, summary: 'begin no further clip until `resume`' },
  { verb: 'resume', update: RESUME_UPDATE, summary: 'go on, with errors counted anew' },
  { verb: 'cancel', update: CANCEL_UPDATE, summary: 'end it; what was found stays' },
] as const;

export function addBackfillControls(backfill: Command): void {
  for (const { verb, update, summary } of CONTROLS) {
    backfill
      .command(verb)
      .summary(summary)
      .description(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`)
      .addArgument(batchArgument())
      .action((batch: string, _options: object, command: Command) => send(command, batch, update));
  }
  backfill
    .command('set-concurrency')
    .summary('how many clips at once')
    .description('Changes how many clips are analysed at once, while it runs.')
    .addArgument(batchArgument())
    .argument('<count>', `1 to ${MAX_CONCURRENCY}`, parseConcurrency)
    .action((batch: string, count: number, _options: object, command: Command) =>
      send(command, batch, SET_CONCURRENCY_UPDATE, count),
    );
}

export function parseConcurrency(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= MAX_CONCURRENCY) return count;
  throw new InvalidArgumentError(`Give a whole number from 1 to ${MAX_CONCURRENCY}.`);
}

/** A worker answers, in the time that one workflow task takes. */
const ANSWER_WITHIN_MS = 20_000;

async function send(command: Command, batch: string, update: BackfillUpdate, concurrency?: number): Promise<void> {
  const app = await openApp(command.optsWithGlobals<CommonOptions>());
  await using temporal = openTemporal(app);
  const { client } = temporal;
  const answering = client.withDeadline(Date.now() + ANSWER_WITHIN_MS, () => updateBackfill(client, batch, update, concurrency));
  printProgress(batch, await fromTemporal(answering));
}
