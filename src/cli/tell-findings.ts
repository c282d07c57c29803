import pc from 'picocolors';
import type { Finding } from '../plugins/spec/finding.ts';
import { EXIT } from './exit-codes.ts';
import { printJson, printLine } from './print.ts';

const SIGNS: Readonly<Record<Finding['state'], string>> = {
  good: pc.green('ok  '),
  attention: pc.yellow('look'),
  bad: pc.red('BAD '),
};

/**
 * Prints what a verb has found out, and has it end with an exit code of its own where something does not work.
 * @param asJson what is printed in their place for machines; undefined: people read it.
 */
export function tellFindings(findings: readonly Finding[], asJson: unknown): void {
  if (asJson === undefined) findings.forEach(print);
  else printJson(asJson);
  if (findings.some(({ state }) => state === 'bad')) process.exitCode = EXIT.failed;
}

function print({ what, state, message, fix }: Finding): void {
  printLine(`${SIGNS[state]}  ${what}: ${message}`);
  if (fix !== undefined) printLine(`      ${fix}`);
}
