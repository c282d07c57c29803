import type { Command } from 'commander';
import { type ConfigIssue, formatPath } from '../config/issue.ts';
import type { Finding } from '../plugins/spec/finding.ts';
import { checkUp } from '../runtime/checkup.ts';
import { type CommonOptions, openApp } from './open-app.ts';
import { tellFindings } from './tell-findings.ts';

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .summary('what works, what does not, and what to do about it')
    .description(
      'Checks the configuration, ffmpeg, Temporal, Postgres, storage, the detector and its model, the vision-language model, every channel, the disk, the spool with its backlog, and the cameras. Exit code 1 when something does not work.',
    )
    .option('--json', 'machine-readable output')
    .action(async (_options: object, command: Command) => {
      const { json, ...options } = command.optsWithGlobals<CommonOptions & { readonly json?: boolean }>();
      // What it finds it says itself, warnings about the configuration too.
      const app = await openApp({ ...options, logLevel: 'error' });
      const findings = [...app.warnings.map(findingOf), ...(await checkUp(app))];
      tellFindings(findings, json === true ? findings : undefined);
    });
}

const findingOf = ({ path, what, fix }: ConfigIssue): Finding => ({
  what: 'configuration',
  state: 'attention',
  message: path.length === 0 ? what : `${formatPath(path)}: ${what}`,
  fix,
});
