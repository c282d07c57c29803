import { resolve } from 'node:path';
import { Argument, type Command } from 'commander';
import type { Result } from '../domain/result.ts';
import { listModels } from '../models/list-models.ts';
import type { ModelError } from '../models/model-error.ts';
import { type PullProgress, pullModel } from '../models/pull-model.ts';
import { useModel } from '../models/use-model.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { type CommonOptions, openApp } from './open-app.ts';
import { printJson, printLine, printTable } from './print.ts';
import { createProgressLine } from './progress-line.ts';

interface ModelsOptions extends CommonOptions {
  readonly modelsDir?: string;
}

export function addModels(program: Command): void {
  const models = program
    .command('models')
    .summary('detector models: list, pull, use')
    .description('Models for the `yolo` filter, one folder each: from the catalogue, or of your own. docs/guide/models.md')
    .option('--models-dir <folder>', 'where models lie; left out: as configured');
  addList(models);
  addPull(models);
  addUse(models);
}

function addList(models: Command): void {
  models
    .command('list')
    .summary('models that HomeSec can get, and those of your own')
    .description('Lists the catalogue and the models of your own, with licence, size, and whether what is here is intact.')
    .option('--json', 'machine-readable output')
    .action(async (_options: object, command: Command) => {
      const options = command.optsWithGlobals<ModelsOptions & { readonly json?: boolean }>();
      const listed = modelOrExit(await listModels(await modelsDirOf(options)));
      if (options.json === true) return printJson(listed);
      for (const { id, title, advice, license, state, problem, downloadBytes } of listed) {
        printLine(`${id}  ${problem === undefined ? state : `${state}: ${problem}`}`);
        const size = downloadBytes === undefined ? '' : ` Download: ${(downloadBytes / 1e6).toFixed(1)} MB.`;
        printLine(`  ${title}. ${advice}${size}\n  Licence: ${license}`);
      }
    });
}

function addPull(models: Command): void {
  models
    .command('pull')
    .summary('get a model, checked')
    .description(
      'Downloads a model of the catalogue, checks it against its pinned hash and makes it ready. Repeating it costs nothing.',
    )
    .argument('<id>', 'as `models list` shows it')
    .action(async (id: string, _options: object, command: Command) => {
      const modelsDir = await modelsDirOf(command.optsWithGlobals<ModelsOptions>());
      const progress = createProgressLine();
      const pulled = await pullModel(id, { modelsDir, onProgress: (step) => progress.show(`${id}: ${describeStep(step)}`) });
      progress.end();
      const { path, fetched, manifest } = modelOrExit(pulled);
      printLine(`${path} ${fetched ? 'is ready' : 'was there already'}\nLicence: ${manifest.license}`);
    });
}

/** @returns such as `download 12.3 of 28.6 MB` */
export function describeStep({ step, doneBytes, totalBytes }: PullProgress): string {
  if (doneBytes === undefined || totalBytes === undefined) return step;
  return `${step} ${(doneBytes / 1e6).toFixed(1)} of ${(totalBytes / 1e6).toFixed(1)} MB`;
}

function addUse(models: Command): void {
  models
    .command('use')
    .summary('register an ONNX file of your own')
    .description('Copies an ONNX file into the folder of models, checks that it does what its manifest says, and tells its id.')
    .addArgument(new Argument('<manifest>', 'its manifest, see docs/guide/models.md').argParser((path) => resolve(path)))
    .action(async (manifest: string, _options: object, command: Command) => {
      const modelsDir = await modelsDirOf(command.optsWithGlobals<ModelsOptions>());
      const { id, path } = modelOrExit(await useModel(manifest, { modelsDir }));
      printTable(['MODEL', 'FILE'], [[id, path]]);
      printLine(`\nin the configuration: filter: { backend: yolo, config: { model: ${id} } }`);
    });
}

async function modelsDirOf({ modelsDir, ...options }: ModelsOptions): Promise<string> {
  return modelsDir ?? (await openApp(options)).folders.models;
}

export function modelOrExit<T>(result: Result<T, ModelError>): T {
  if (result.ok) return result.value;
  const { where, what, fix, code } = result.error;
  throw new CliError(`${where}: ${what}. ${fix}`, code === 'MODEL_UNREACHABLE' ? EXIT.unavailable : EXIT.failed);
}
