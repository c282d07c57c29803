import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { formatIssue } from '../config/issue.ts';
import { type BackfillPlan, type ClipSelection, type ConfigOverride, costOf, NO_COUNTS } from '../domain/backfill.ts';
import { CLIP_STATUSES } from '../domain/clip-state.ts';
import { VLM_RUN_MODES, type VLMRunMode } from '../domain/known.ts';
import { RISK_LEVELS } from '../domain/risk.ts';
import { type BackfillEstimate, estimateBackfill } from '../runtime/backfill-estimate.ts';
import { checkOverrides, filterProblem } from '../runtime/backfill-overrides.ts';
import { planOf } from '../runtime/compose.ts';
import { startBackfill } from '../temporal/backfill.ts';
import { parseConcurrency } from './backfill-controls.ts';
import { followBackfill } from './backfill-progress.ts';
import { fromTemporal, openBackfillStore, parseAmount, parseBatch, stored } from './backfill-servers.ts';
import { printProgress } from './backfill-status.ts';
import { CliError } from './cli-error.ts';
import { addOverride } from './config-override.ts';
import { EXIT } from './exit-codes.ts';
import type { CommonOptions, ConfiguredApp } from './open-app.ts';
import { openTemporal } from './open-servers.ts';
import { printJson, printLine } from './print.ts';

type Limits = Pick<StartOptions, 'maxTokens' | 'maxCost' | 'promptPrice' | 'completionPrice' | 'runMode'>;

/** Of a deleted clip there is nothing to look at. */
const STATUSES = CLIP_STATUSES.filter((status) => status !== 'deleted');

interface StartOptions extends CommonOptions, Omit<ClipSelection, 'cameraNames'> {
  readonly camera?: readonly string[];
  readonly filter?: boolean;
  readonly filterModel?: string;
  readonly filterConfig?: ConfigOverride;
  readonly vlm?: boolean;
  readonly vlmModel?: string;
  readonly vlmConfig?: ConfigOverride;
  readonly promptFile?: string;
  readonly policyConfig?: ConfigOverride;
  readonly runMode?: VLMRunMode;
  readonly name?: string;
  readonly concurrency: number;
  readonly maxErrors: number;
  readonly maxTokens?: number;
  readonly maxCost?: number;
  readonly promptPrice: number;
  readonly completionPrice: number;
  readonly notify?: boolean;
  readonly dryRun?: boolean;
  readonly follow?: boolean;
  readonly json?: boolean;
}

export function addBackfillStart(backfill: Command): void {
  const start = backfill
    .command('start')
    .summary('analyse clips again')
    .description(
      'Starts to analyse clips again, newest first. Without --filter and --vlm only the policy is asked anew, by what is known. Values of key=value are YAML: classes=[person,car].',
    );
  addSelection(start);
  addStages(start);
  addLimits(start);
  start.action(async (_options: object, command: Command) => begin(command.optsWithGlobals<StartOptions>()));
}

function addSelection(start: Command): void {
  start
    .option('--camera <name...>', 'only of these cameras')
    .option('--label <class>', 'only those in which this was seen')
    .addOption(new Option('--status <status>', 'only in this status').choices(STATUSES))
    .addOption(new Option('--risk-level <level>', 'only of this risk').choices(RISK_LEVELS))
    .option('--alerted', 'only those that alerted')
    .option('--no-alerted', 'only those that did not')
    .option('--since <time>', 'recorded then or later; ISO 8601 with zone', parseTime)
    .option('--until <time>', 'recorded then or earlier; default: now', parseTime);
}

function addStages(start: Command): void {
  start
    .option('--filter', 'run the filter again')
    .option('--filter-model <id>', 'with this model')
    .option('--filter-config <key=value>', 'with this setting; repeatable', addOverride)
    .option('--vlm', 'have the model describe again')
    .option('--vlm-model <name>', 'this model')
    .option('--vlm-config <key=value>', 'with this setting; repeatable', addOverride)
    .option('--prompt-file <file>', 'with the instructions in this file', (path: string) => resolve(path))
    .option('--policy-config <key=value>', 'decide with this setting; repeatable', addOverride)
    .addOption(new Option('--run-mode <mode>', 'when to describe; default: vlm.run_mode').choices(VLM_RUN_MODES));
}

function addLimits(start: Command): void {
  start
    .option('--name <run>', 'name of the backfill; default: the time', parseBatch)
    .option('--concurrency <count>', 'clips at once', parseConcurrency, 2)
    .option('--max-errors <count>', 'failed clips before it pauses', parseAmount, 10)
    .option('--max-tokens <count>', 'end before more are used', parseAmount)
    .option('--max-cost <amount>', 'end before it costs more; needs prices', parseAmount)
    .option('--prompt-price <amount>', 'for a million tokens in', parseAmount, 0)
    .option('--completion-price <amount>', 'for a million tokens out', parseAmount, 0)
    .option('--notify', 'tell the channels of clips that alert now and never did')
    .option('--dry-run', 'only say what it would take')
    .option('--follow', 'stay until it ends or pauses')
    .option('--json', 'machine-readable output');
}

function parseTime(text: string): string {
  const isZoned = /(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text));
  if (!isZoned) throw new InvalidArgumentError('Write ISO 8601 with a zone, such as 2026-11-23T02:27:00Z.');
  return new Date(text).toISOString();
}

async function begin(options: StartOptions): Promise<void> {
  await using store = await openBackfillStore(options);
  const { app } = store;
  const plan = await createPlan(options, app);
  const { filter_workers: filter, vlm_workers: vlm } = app.config.concurrency;
  if (options.dryRun === true) {
    const past = stored(await store.runs.estimate(plan.selection));
    const estimate = await estimateBackfill(plan, past, { run: options.concurrency, filter, vlm });
    const detectorProblem = await filterProblem(app, plan.overrides);
    if (options.json === true) return printJson({ ...estimate, detectorProblem });
    printEstimate(estimate, plan);
    return detectorProblem === undefined ? undefined : printLine(`detector: ${detectorProblem} (as seen from this machine)`);
  }
  if (stored(await store.runs.countClips(plan.selection)) === 0)
    throw new CliError('no clip is chosen; `homesec clips list` shows what there is', EXIT.failed);
  await using temporal = openTemporal(app);
  const { concurrency, name: batch = nameOf(new Date()) } = options;
  // Temporal forgets a name after its retention; what was found under it is still there.
  if (stored(await store.runs.exists(batch))) throw alreadyThere(batch);
  if (!(await fromTemporal(startBackfill(temporal.client, { batch, plan, concurrency })))) throw alreadyThere(batch);
  if (options.json === true) printJson({ batch });
  else printLine(`started ${batch}; \`homesec backfill status ${batch} --follow\` shows how far it is`);
  if (options.follow === true) printProgress(batch, await followBackfill(temporal.client, batch));
}

const alreadyThere = (batch: string) => new CliError(`there is already a backfill called ${batch}`, EXIT.failed);

const nameOf = (now: Date): string => now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');

async function createPlan(options: StartOptions, app: ConfiguredApp): Promise<BackfillPlan> {
  const overrides = await overridesOf(options);
  if (overrides.vlm !== undefined && app.config.vlm.run_mode === 'never')
    throw new CliError('vlm.run_mode is never, so no worker serves the model: set it, and restart the workers', EXIT.failed);
  refuseWithoutEffect(options, overrides);
  const issues = checkOverrides(app, overrides);
  if (issues.length > 0) throw new CliError(issues.map(formatIssue).join('\n'), EXIT.usage);
  const { runMode, triggerClasses, maxAttempts, backoffMs, channels, clipsUrl } = planOf(app.config);
  const { promptPrice, completionPrice, maxTokens, maxCost, maxErrors } = options;
  const limits = { ...(maxTokens === undefined ? {} : { maxTokens }), ...(maxCost === undefined ? {} : { maxCost }) };
  return {
    selection: selectionOf(options),
    overrides,
    ...{ triggerClasses, maxAttempts, backoffMs, maxErrors: Math.max(1, maxErrors) },
    runMode: options.runMode ?? runMode,
    budget: { promptPrice, completionPrice, ...limits },
    channels: options.notify === true ? channels : [],
    ...(clipsUrl === undefined ? {} : { clipsUrl }),
  };
}

/** Options that would change nothing are a misunderstanding. */
export function refuseWithoutEffect(options: Limits, { filter, vlm }: BackfillPlan['overrides']): void {
  const { maxTokens, maxCost, promptPrice, completionPrice, runMode } = options;
  if (maxCost !== undefined && promptPrice + completionPrice === 0)
    throw new CliError('--max-cost needs --prompt-price and --completion-price: without them nothing costs anything', EXIT.usage);
  if (vlm === undefined && (maxTokens ?? maxCost) !== undefined)
    throw new CliError('--max-tokens and --max-cost limit what the model takes: they go with --vlm', EXIT.usage);
  if (vlm === undefined && filter === undefined && runMode !== undefined)
    throw new CliError('--run-mode says when the model describes a clip: it goes with --vlm or --filter', EXIT.usage);
}

/** What is recorded while it runs is not part of it. */
function selectionOf(options: StartOptions): ClipSelection {
  const { camera, label, status, riskLevel, alerted, since, until = new Date().toISOString() } = options;
  return {
    ...(camera === undefined ? {} : { cameraNames: camera }),
    ...(label === undefined ? {} : { label }),
    ...(status === undefined ? {} : { status }),
    ...(riskLevel === undefined ? {} : { riskLevel }),
    ...(alerted === undefined ? {} : { alerted }),
    ...(since === undefined ? {} : { since }),
    until,
  };
}

async function overridesOf(options: StartOptions): Promise<BackfillPlan['overrides']> {
  const { filterModel, filterConfig, vlmModel, vlmConfig, promptFile, policyConfig } = options;
  const instructions = promptFile === undefined ? {} : { instructions: await readFile(promptFile, 'utf8') };
  const filter = { ...filterConfig, ...(filterModel === undefined ? {} : { model: filterModel }) };
  const vlm = { ...vlmConfig, ...(vlmModel === undefined ? {} : { model: vlmModel }), ...instructions };
  return {
    ...(options.filter === true || Object.keys(filter).length > 0 ? { filter } : {}),
    ...(options.vlm === true || Object.keys(vlm).length > 0 ? { vlm } : {}),
    policy: policyConfig ?? {},
  };
}

function printEstimate(
  { clips, fetchClips, fetchBytes, described, tokens, minutes }: BackfillEstimate,
  plan: BackfillPlan,
): void {
  printLine(`clips: ${clips}`);
  printLine(`to fetch from storage: ${fetchClips} clips, ${(fetchBytes / 1e6).toFixed(1)} MB, as seen from this machine`);
  printLine(`time: ${minutes === 0 ? 'nothing to go by' : `about ${minutes.toFixed(1)} min, by earlier durations`}`);
  if (described === 0) return;
  printLine(`model: about ${described} clips, ${tokens === 0 ? 'tokens not known' : `${tokens} tokens`}, by earlier use`);
  // Nearly all tokens are pictures that go in.
  const cost = costOf({ ...NO_COUNTS, promptTokens: tokens }, plan.budget);
  if (plan.budget.promptPrice > 0) printLine(`cost: about ${cost.toFixed(2)}, all tokens at the price of those in`);
}
