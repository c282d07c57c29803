import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { Argument, InvalidArgumentError } from 'commander';
import { isBatch } from '../domain/backfill.ts';
import type { Result } from '../domain/result.ts';
import { causesOf } from '../domain/stage-error.ts';
import { type AnalysisRuns, createAnalysisRuns } from '../repository/analysis-runs.ts';
import type { ClipRepository } from '../repository/clip-repository.ts';
import type { RepositoryError } from '../repository/repository-error.ts';
import { CliError, valueOrExit } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { type CommonOptions, type ConfiguredApp, openApp } from './open-app.ts';
import { openStateStore } from './open-servers.ts';

export const batchArgument = () => new Argument('<run>', 'name of the backfill').argParser(parseBatch);

export function parseBatch(text: string): string {
  if (isBatch(text)) return text;
  throw new InvalidArgumentError('A name has lower-case letters, digits and dashes, at most 40.');
}

export function parseAmount(text: string): number {
  const amount = Number(text);
  if (text.trim() !== '' && Number.isFinite(amount) && amount >= 0) return amount;
  throw new InvalidArgumentError('Give a number that is not negative.');
}

/** Postgres for one command over backfills. */
export interface BackfillStore extends AsyncDisposable {
  readonly app: ConfiguredApp;
  readonly clips: ClipRepository;
  readonly runs: AnalysisRuns;
}

export async function openBackfillStore(options: CommonOptions): Promise<BackfillStore> {
  const app = await openApp(options);
  const store = openStateStore(app);
  const close = () => store[Symbol.asyncDispose]();
  return { app, clips: store.repository, runs: createAnalysisRuns(store.pool), [Symbol.asyncDispose]: close };
}

/** What is said of a backfill that has come to no clip: it has just begun, or there is none. */
export const noClipsOf = (batch: string): CliError =>
  new CliError(`no clip has come to ${batch} yet; \`homesec backfill list\` shows all backfills`, EXIT.failed);

export const stored = <T>(result: Result<T, RepositoryError>): T =>
  valueOrExit(result, ({ code }) => (code === 'DB_UNAVAILABLE' ? EXIT.unavailable : EXIT.failed));

const NO_WORKER = 'No worker answers: see that `homesec run` or `homesec worker pipeline` runs.';

/** What Temporal answers, or the end of the program in words for the owner. */
export async function fromTemporal<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    if (cause instanceof WorkflowNotFoundError)
      throw new CliError('no backfill of this name is running; `homesec backfill list` shows all', EXIT.failed, { cause });
    const message = causesOf(cause).at(-1)?.message ?? String(cause);
    if (cause instanceof WorkflowUpdateFailedError) throw new CliError(message, EXIT.failed, { cause });
    if (/deadline/i.test(message)) throw new CliError(NO_WORKER, EXIT.unavailable, { cause });
    throw new CliError(`Temporal: ${message}`, EXIT.unavailable, { cause });
  }
}
