import type { DeskMemory, VisitChannel } from '../src/domain/alert-desk.ts';
import { markdownRow } from './markdown-row.ts';

/** More would be a page that nobody reads. */
const SHOWN_AT_MOST = 10;

/** What a desk knows, in Markdown for the Temporal UI: the latest clips that alerted, and what each channel was told of their visits. */
export function deskDetails({ told, visits }: DeskMemory): string {
  const latest = told.slice(-SHOWN_AT_MOST).toReversed();
  const shown = [...new Set(latest.map(({ visit }) => visit))].filter((visit) => visits[visit] !== undefined);
  return [
    `**${told.length === 1 ? '1 clip' : `${told.length} clips`} that alerted**`,
    '',
    ...table(
      ['recorded', 'clip', 'seen', 'risk'],
      latest.map(({ recordedStartAt, clipId, unheard, classes, riskLevel = 'unknown' }) => [
        recordedStartAt,
        unheard ? `${clipId} (nobody was told)` : clipId,
        classes.join(', '),
        riskLevel,
      ]),
    ),
    '',
    ...table(
      ['visit', 'channel', 'revision', 'now'],
      shown.flatMap((visit) => Object.entries(visits[visit] ?? {}).map(([name, channel]) => [visit, name, ...stateOf(channel)])),
    ),
  ].join('\n');
}

const stateOf = ({ revision, turn }: VisitChannel): string[] => [
  String(revision),
  turn === undefined ? '' : `is being told, until ${new Date(turn.untilMs).toISOString()} at most`,
];

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return rows.length === 0 ? [] : [head, head.map(() => '---'), ...rows].map(markdownRow);
}
