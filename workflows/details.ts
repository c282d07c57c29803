import { setCurrentDetails } from '@temporalio/workflow';
import { formatMs } from '../src/domain/format-ms.ts';
import type { Known } from '../src/domain/known.ts';
import { remedyOf } from '../src/domain/stage-error.ts';
import { type ClipRun, deliveryState, stageErrors } from './clip-run.ts';
import { markdownRow } from './markdown-row.ts';

/** Shows in the Temporal UI where the clip stands, and what a person can do about what went wrong. */
export function showDetails(run: ClipRun): void {
  setCurrentDetails(detailsOf(run));
}

function detailsOf(run: ClipRun): string {
  const rows = [
    ['upload', told(run.upload, ({ storageUri }) => storageUri)],
    ['filter', told(run.filter, ({ detectedClasses }) => detectedClasses.join(', ') || 'nothing seen')],
    ['vlm', told(run.analysis, ({ riskLevel, activityType }) => `${riskLevel} risk, ${activityType}`)],
    ['alert', run.decision === undefined ? 'undecided' : `${run.decision.notify ? 'yes' : 'no'}: ${run.decision.notifyReason}`],
    ...[...run.deliveries].map(([channel, delivery]) => [`notify ${channel}`, deliveryState(run, delivery).replaceAll('_', ' ')]),
  ] as const;
  const table = [
    ['stage', 'outcome', 'took', 'attempts'],
    ['---', '---', '---', '---'],
    ...rows.map(([stage, outcome]) => [stage, outcome, ...triedOf(run, stage)]),
  ];
  return [
    headOf(run),
    '',
    ...table.map(markdownRow),
    '',
    ...stageErrors(run).map((failed) => remedy(run, failed)),
    ...waitOf(run),
  ].join('\n');
}

function headOf({ status, generation, acknowledgedBy }: ClipRun): string {
  const notes = [
    ...(generation === 1 ? [] : [`generation ${generation}`]),
    ...(acknowledgedBy === undefined ? [] : [`acknowledged by ${acknowledgedBy}`]),
  ];
  return [`**${status}**`, ...notes].join(' · ');
}

function triedOf({ trials }: ClipRun, stage: string): [took: string, attempts: string] {
  const trial = trials.get(stage);
  if (trial === undefined) return ['', ''];
  const { attempt, durationMs } = trial;
  return [durationMs === undefined ? '' : formatMs(durationMs).replace(' ', '\u00a0'), String(attempt)];
}

function told<T>(stage: Known<T, string>, tell: (value: T) => string): string {
  switch (stage.state) {
    case 'pending':
      return 'not yet';
    case 'skipped':
      return `skipped: ${stage.reason}`;
    case 'failed':
      return `failed: ${stage.error.code}`;
    case 'done':
      return tell(stage.value);
  }
}

function remedy({ status, input }: ClipRun, [stage, { code, message }]: ReturnType<typeof stageErrors>[number]): string {
  const again =
    status === 'failed'
      ? `reset the workflow, or start the clip again: \`homesec clips retry ${input.clip.clipId}\``
      : `send the update \`retryStage\` with \`{"stage":"${stage}"}\``;
  return `**${stage}: ${code}.** ${message}\n\n${remedyOf(code)} Then ${again}.\n`;
}

const waitOf = ({ status, parkedUntil }: ClipRun): string[] =>
  status !== 'parked' || parkedUntil === undefined
    ? []
    : [`Waits until ${parkedUntil.slice(0, 16).replace('T', ' ')} UTC. After that it is failed, and can still be retried.`];
