import pc from 'picocolors';
import type { Finding } from '../plugins/spec/finding.ts';
import { printLine } from './print.ts';

const SIGNS: Readonly<Record<Finding['state'], string>> = {
  good: pc.green('ok  '),
  attention: pc.yellow('look'),
  bad: pc.red('BAD '),
};

export function printFinding({ what, state, message, fix }: Finding): void {
  printLine(`${SIGNS[state]}  ${what}: ${message}`);
  if (fix !== undefined) printLine(`      ${fix}`);
}
