import { setCurrentDetails } from '@temporalio/workflow';
import type { Known } from '../src/domain/known.ts';
import { remedyOf } from '../src/domain/stage-error.ts';
import { type ClipRun, deliveryState, stageErrors } from './clip-run.ts';

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
    ...[...run.deliveries].map(([channel, delivery]) => [`notify ${channel}`, deliveryState(run, delivery)]),
  ];
  const table = ['| stage | |', '|---|---|', ...rows.map(([stage, state]) => `| ${stage} | ${state} |`)];
  return [`**${run.status}**`, '', ...table, '', ...stageErrors(run).map(remedy)].join('\n');
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

const remedy = ([stage, { code, message }]: ReturnType<typeof stageErrors>[number]): string =>
  `**${stage}: ${code}.** ${message}\n\n${remedyOf(code)} Then send the update \`retryStage\` with \`{"stage":"${stage}"}\`.\n`;
