import type { Command } from 'commander';
import { formatIssue, formatReport } from '../config/issue.ts';
import { validateConfig } from '../config/validate.ts';
import { createBuiltinRegistry } from '../plugins/builtin.ts';
import { EXIT } from './exit-codes.ts';
import type { CommonOptions } from './open-app.ts';
import { printJson, printLine } from './print.ts';

export function addValidate(program: Command): void {
  program
    .command('validate')
    .summary('check the configuration, all problems at once')
    .description('Checks the whole configuration without starting anything. Exit code 1 when it cannot be used.')
    .option('--json', 'machine-readable output')
    .action(async (_options: object, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { readonly json?: boolean }>();
      const validation = await validateConfig(options.config, createBuiltinRegistry());
      if (options.json === true) printJson(validation);
      else if (validation.summary === undefined) printLine(formatReport(validation));
      else
        printLine(
          [
            `${validation.file} is valid: ${validation.summary}`,
            ...validation.warnings.map((issue) => `  warning: ${formatIssue(issue)}`),
          ].join('\n'),
        );
      if (validation.problems.length > 0) process.exitCode = EXIT.failed;
    });
}
