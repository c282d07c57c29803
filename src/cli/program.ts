import { Command, Option } from 'commander';
import packageManifest from '../../package.json' with { type: 'json' };
import { LOG_LEVELS } from '../kit/logger.ts';
import { addBackfill } from './backfill.ts';
import { addBackup } from './backup.ts';
import { addCameras } from './cameras.ts';
import { addChannels } from './channels.ts';
import { addClips } from './clips.ts';
import { addCodecServer } from './codec-server.ts';
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

const VERBS = [
  addRun,
  addDemo,
  addRecord,
  addWorker,
  addValidate,
  addDoctor,
  addCameras,
  addChannels,
  addClips,
  addBackfill,
  addModels,
  addBackup,
  addStack,
  addMigrate,
  addSetupTemporal,
  addCodecServer,
];

/** The whole command line. Throws commander's own error where it is used wrongly, and for `--help`. */
export function createProgram(): Command {
  const program = new Command('homesec')
    .description('Home security for cameras of your own: records, uploads, looks, tells. Nothing sealed is lost.')
    .addOption(new Option('-c, --config <file>', 'configuration').env('HOMESEC_CONFIG').default('homesec.yaml'))
    .addOption(new Option('--log-level <level>', 'what to log').choices(LOG_LEVELS).default('info'))
    .version(packageManifest.version, '-V, --version', 'print the version')
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .showHelpAfterError('(see --help)')
    .exitOverride()
    .addHelpText(
      'after',
      `
First steps:
  homesec demo                      see it work, on a video of somebody else
  homesec validate -c homesec.yaml  check a configuration
  homesec run -c homesec.yaml       run it
  homesec doctor -c homesec.yaml    when something does not work

Exit codes:
  ${EXIT.ok}  done
  ${EXIT.failed}  something is wrong; standard error says what and how to mend it
  ${EXIT.usage}  the command line is wrong
  ${EXIT.unavailable}  a server that the command needs does not answer`,
    );
  for (const add of VERBS) add(program);
  return program;
}
