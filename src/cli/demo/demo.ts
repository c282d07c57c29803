import { once } from 'node:events';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { NAMESPACE } from '../../domain/process-clip.ts';
import { type EmbeddedStack, openEmbeddedStack } from '../../embedded/embedded-stack.ts';
import { removePostgresHome } from '../../embedded/postgres-home.ts';
import { readOwner } from '../../embedded/stack-file.ts';
import { openVlmStandIn } from '../../embedded/vlm-stand-in.ts';
import { endLeftovers } from '../../kit/leftovers.ts';
import { pullModel } from '../../models/pull-model.ts';
import { endpointsOf } from '../../runtime/app.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-codes.ts';
import { describeStep, modelOrExit } from '../models.ts';
import { type ConfiguredApp, openService } from '../open-app.ts';
import { openCameras } from '../open-cameras.ts';
import { openStateStore } from '../open-servers.ts';
import { printLine } from '../print.ts';
import { createProgressLine } from '../progress-line.ts';
import { openWorkerChildren } from '../worker-children.ts';
import { hasModelService, writeDemoConfiguration } from './configuration.ts';
import { printEnding, printNext } from './ending.ts';
import { demoFootage } from './footage.ts';
import { lastWords } from './last-words.ts';
import { listenForAlerts } from './received-alerts.ts';
import { tellStory } from './story.ts';

interface DemoOptions {
  readonly cache: string;
  readonly keep?: boolean;
}

/** How long one clip of the demo may take on a slow machine. */
const PATIENCE_MS = 300_000;

export function addDemo(program: Command): void {
  program
    .command('demo')
    .summary('one real clip through the whole pipeline, in front of your eyes')
    .description(
      'Starts everything in a folder of its own, drops a video into a watched folder and tells what happens to it. Leaves nothing running. Without $OPENAI_API_KEY or $OPENAI_BASE_URL a local stand-in answers for the vision-language model, and says so.',
    )
    .argument('[clip]', "a video of your own; left out: OpenCV's pedestrians from Debian")
    .addOption(new Option('--cache <folder>', 'keeps model and footage for the next time').default('.cache'))
    .option('--keep', 'keep everything running until Ctrl-C, to look around in the Temporal UI')
    .action((clip: string | undefined, options: DemoOptions) => demo(clip, options));
}

async function demo(clip: string | undefined, { cache, keep = false }: DemoOptions): Promise<void> {
  const cacheDir = resolve(cache);
  printLine('Getting ready');
  const footage = await demoFootage(clip, join(cacheDir, 'footage'), (line) => tellPart('footage', line));
  const modelsDir = join(cacheDir, 'models');
  await pullDemoModel(modelsDir);
  // The workers inherit it.
  process.env['HOMESEC_MODELS_DIR'] = modelsDir;
  const dir = await makeStage(join(cacheDir, 'demo'));
  await using standIn = hasModelService() ? undefined : await openStandIn();
  if (standIn !== undefined) tellPart('vlm', `a stand-in serves on ${standIn.baseUrl}`);
  const config = await writeDemoConfiguration(dir, { standInUrl: standIn?.baseUrl, extension: extensionOf(footage) });
  const app = await openService({ config, logLevel: 'info' }, { logFile: join(dir, 'homesec.log') });

  await using _cameras = await openCameras(app);
  await using stack = await openEmbeddedStack({
    dataDir: app.folders.data,
    onProgress: ({ part, message }) => tellPart(part, message),
  });
  await using _workers = await openWorkerChildren(app, ['host', 'pipeline', 'gpu'], { logDir: dir });
  await showClip({ app, dir, footage, stack });
  printNext({ standIn: standIn !== undefined });
  if (keep) await lookAround(app.signal);
}

const tellPart = (part: string, message: string) => printLine(`  ${part.padEnd(8)}  ${message}`);

async function pullDemoModel(modelsDir: string): Promise<void> {
  const progress = createProgressLine();
  const onProgress = (step: Parameters<typeof describeStep>[0]) => progress.show(`  model     ${describeStep(step)}`);
  const pulled = await pullModel('centernet_mbv3', { modelsDir, onProgress });
  progress.end();
  const { manifest, fetched } = modelOrExit(pulled);
  tellPart('model', `${manifest.id}${fetched ? `; licence: ${manifest.license}` : ''}`);
}

/** An empty folder for the demo. What an earlier one that was killed left running is ended first. */
async function makeStage(dir: string): Promise<string> {
  const dataDir = join(dir, 'data');
  const owner = readOwner(dataDir);
  if (owner !== undefined)
    throw new CliError(`A demo runs here already, in process ${owner.pid}: end that one first.`, EXIT.failed);
  await endLeftovers(dataDir);
  await endLeftovers(join(dataDir, 'state', 'workers'));
  await removePostgresHome(dataDir);
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true, mode: 0o755 });
  return dir;
}

async function openStandIn() {
  const { baseUrl, close } = await openVlmStandIn();
  return { baseUrl, [Symbol.asyncDispose]: close };
}

interface Stage {
  readonly app: ConfiguredApp;
  readonly dir: string;
  readonly footage: string;
  readonly stack: EmbeddedStack;
}

async function showClip({ app, dir, footage, stack }: Stage): Promise<void> {
  await using alerts = await listenForAlerts(endpointsOf(app).mqttUrl ?? '');
  await using store = openStateStore(app);
  await dropIn(footage, join(dir, 'camera'));
  printLine(`\n${basename(footage)} lies in the watched folder`);
  const { temporalUiUrl } = stack.endpoints;
  if (temporalUiUrl !== undefined)
    printLine(`Watch it in Temporal: ${temporalUiUrl}/namespaces/${app.config.temporal.namespace ?? NAMESPACE}/workflows`);
  printLine();
  const giveUp = AbortSignal.any([app.signal, AbortSignal.timeout(PATIENCE_MS)]);
  const told = await tellStory({ repository: store.repository, alerts, giveUp });
  if (app.signal.aborted) throw new CliError('\nEnded before the clip was through.', EXIT.failed);
  if (told === undefined || told.state.status !== 'done') throw await failureOf(dir, told?.state.status);
  printEnding({ ...told, alerts, folder: dir });
}

async function failureOf(dir: string, status: string | undefined): Promise<CliError> {
  const words = (await lastWords(dir)).map((line) => `\n  ${line}`).join('');
  const what = status === undefined ? `did not come through within ${PATIENCE_MS / 1000} s` : `is ${status}`;
  return new CliError(
    `The clip ${what}. The logs in ${dir} say why${words === '' ? '.' : `; their last complaints:${words}`}`,
    EXIT.failed,
  );
}

/** As a camera would leave it: whole, at once. */
async function dropIn(footage: string, folder: string): Promise<void> {
  const arriving = join(folder, '.arriving');
  await copyFile(footage, arriving);
  await rename(arriving, join(folder, `visit${extensionOf(footage)}`));
}

const extensionOf = (path: string): string => extname(path) || '.mp4';

async function lookAround(signal: AbortSignal): Promise<void> {
  printLine('\nEverything keeps running for you to look around. Ctrl-C ends it.');
  if (!signal.aborted) await once(signal, 'abort');
}
