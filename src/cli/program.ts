import { Command, Option } from 'commander';
import packageManifest from '../../package.json' with { type: 'json' };
import { LOG_LEVELS } from '../kit/logger.ts';
import { EXIT } from './exit-codes.ts';

/** In the order of the help. Each is loaded when it is named, so that a process holds only what its verb uses. */
const VERBS: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  run: async () => (await import('./run.ts')).addRun,
  demo: async () => (await import('./demo/demo.ts')).addDemo,
  record: async () => (await import('./record.ts')).addRecord,
  worker: async () => (await import('./worker.ts')).addWorker,
  validate: async () => (await import('./validate.ts')).addValidate,
  doctor: async () => (await import('./doctor.ts')).addDoctor,
  cameras: async () => (await import('./cameras.ts')).addCameras,
  channels: async () => (await import('./channels.ts')).addChannels,
  clips: async () => (await import('./clips.ts')).addClips,
  backfill: async () => (await import('./backfill.ts')).addBackfill,
  models: async () => (await import('./models.ts')).addModels,
  backup: async () => (await import('./backup.ts')).addBackup,
  stack: async () => (await import('./stack.ts')).addStack,
  migrate: async () => (await import('./migrate.ts')).addMigrate,
  'setup-temporal': async () => (await import('./setup-temporal.ts')).addSetupTemporal,
  'codec-server': async () => (await import('./codec-server.ts')).addCodecServer,
};

const HELP: readonly string[] = ['help', '-h', '--help'];

/**
 * The command line with the verbs that are among the words, or with all where none is, and for help. Throws commander's own
 * error where it is used wrongly, and for `--help`.
 */
export async function createProgram(words: readonly string[] = []): Promise<Command> {
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
  const all = Object.entries(VERBS);
  const named = words.some((word) => HELP.includes(word)) ? [] : all.filter(([verb]) => words.includes(verb));
  const loading = (named.length > 0 ? named : all).map(([, load]) => load());
  for (const add of await Promise.all(loading)) add(program);
  return program;
}
