import { argv } from 'node:process';
import { Command, CommanderError, Option } from 'commander';
import { LOG_LEVELS } from '../kit/logger.ts';
import { CliError } from './cli-error.ts';
import { addClips } from './clips.ts';
import { addDemo } from './demo/demo.ts';
import { addDoctor } from './doctor.ts';
import { EXIT } from './exit-codes.ts';
import { addMigrate } from './migrate.ts';
import { addModels } from './models.ts';
import { addRecord } from './record.ts';
import { addRun } from './run.ts';
import { addSetupTemporal } from './setup-temporal.ts';
import { addStack } from './stack.ts';
import { addValidate } from './validate.ts';
import { addWorker } from './worker.ts';

const program = new Command('homesec')
  .description('Home security for cameras of your own: records, uploads, looks, tells. Nothing sealed is lost.')
  .addOption(new Option('-c, --config <file>', 'configuration').env('HOMESEC_CONFIG').default('homesec.yaml'))
  .addOption(new Option('--log-level <level>', 'what to log').choices(LOG_LEVELS).default('info'))
  .showSuggestionAfterError()
  .showHelpAfterError('(see --help)')
  .exitOverride()
  .addHelpText(
    'after',
    `
Exit codes:
  ${EXIT.ok}  done
  ${EXIT.failed}  something is wrong; standard error says what and how to mend it
  ${EXIT.usage}  the command line is wrong
  ${EXIT.unavailable}  a server that the command needs does not answer`,
  );
const verbs = [
  addRun,
  addDemo,
  addRecord,
  addWorker,
  addValidate,
  addDoctor,
  addClips,
  addModels,
  addStack,
  addMigrate,
  addSetupTemporal,
];
for (const add of verbs) add(program);

try {
  await program.parseAsync(argv);
} catch (error) {
  process.exitCode = report(error);
}

/** @returns the exit code */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  process.stderr.write(
    error instanceof CliError ? `${error.message}\n` : `${error instanceof Error ? error.stack : String(error)}\n`,
  );
  return error instanceof CliError ? error.exitCode : EXIT.failed;
}
