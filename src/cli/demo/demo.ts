import { once } from 'node:events';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { runCameraHost } from '../../../workers/camera-host.ts';
import { openEmbeddedStack } from '../../embedded/embedded-stack.ts';
import { openVlmStandIn } from '../../embedded/vlm-stand-in.ts';
import { pullModel } from '../../models/pull-model.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-codes.ts';
import { describeStep, valueOf } from '../models.ts';
import { openApp } from '../open-app.ts';
import { openStateStore } from '../open-servers.ts';
import { printLine } from '../print.ts';
import { createProgressLine } from '../progress-line.ts';
import { openWorkerChildren } from '../worker-children.ts';
import { hasModelService, writeDemoConfiguration } from './configuration.ts';
import { demoFootage } from './footage.ts';
import { listenForAlerts } from './received-alerts.ts';
import { printEnding, tellStory } from './story.ts';

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
      'Starts everything in a folder of its own, drops a video into a watched folder and tells what happens to it. Leaves nothing\nrunning. Without $OPENAI_API_KEY or $OPENAI_BASE_URL a local stand-in answers for the vision-language model, and says so.',
    )
    .argument('[clip]', "a video of your own; left out: OpenCV's pedestrians from Debian")
    .addOption(new Option('--cache <folder>', 'keeps model and footage for the next time').default('.cache'))
    .option('--keep', 'keep everything running until Ctrl-C, to look around in the Temporal UI')
    .action((clip: string | undefined, options: DemoOptions) => demo(clip, options));
}

async function demo(clip: string | undefined, { cache, keep = false }: DemoOptions): Promise<void> {
  const cacheDir = resolve(cache);
  const footage = await demoFootage(clip, join(cacheDir, 'footage'), printLine);
  process.env['HOMESEC_MODELS_DIR'] = join(cacheDir, 'models');
  await pullDemoModel(join(cacheDir, 'models'));

  const dir = join(cacheDir, 'demo');
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true, mode: 0o755 });
  await using standIn = hasModelService() ? undefined : await openStandIn();
  const config = await writeDemoConfiguration(dir, { standInUrl: standIn?.baseUrl });
  const app = await openApp({ config, logLevel: 'info' }, { logFile: join(dir, 'homesec.log') });

  await using stack = await openEmbeddedStack({
    dataDir: app.folders.data,
    onProgress: ({ part, message }) => printLine(`  ${part.padEnd(9)} ${message}`),
  });
  await using _workers = await openWorkerChildren(app, ['host', 'pipeline', 'gpu'], { logDir: dir });
  await using alerts = await listenForAlerts(stack.endpoints.mqttUrl ?? '');
  await using store = openStateStore(app);
  const stopping = new AbortController();
  const recording = runCameraHost({ ...app, signal: AbortSignal.any([app.signal, stopping.signal]) });
  try {
    await dropIn(footage, join(dir, 'camera'));
    printLine(`\n${basename(footage)} lies in the watched folder\n`);
    const told = tellStory({ store, alerts, app, giveUp: AbortSignal.any([app.signal, AbortSignal.timeout(PATIENCE_MS)]) });
    const state = await Promise.race([told, recording.then(() => undefined)]);
    if (state === undefined) throw new CliError(`The clip did not come through. The logs in ${dir} say why.`, EXIT.failed);
    await printEnding({ state, app, alerts, standIn: standIn !== undefined });
    if (keep) await lookAround(app.signal);
  } finally {
    stopping.abort();
    await recording;
  }
}

async function pullDemoModel(modelsDir: string): Promise<void> {
  const progress = createProgressLine();
  const onProgress = (step: Parameters<typeof describeStep>[0]) => progress.show(`  model     ${describeStep(step)}`);
  const pulled = await pullModel('centernet_mbv3', { modelsDir, onProgress });
  progress.end();
  const { manifest, fetched } = valueOf(pulled);
  if (fetched) printLine(`  model     ${manifest.id}; licence: ${manifest.license}`);
}

async function openStandIn() {
  const { baseUrl, close } = await openVlmStandIn();
  return { baseUrl, [Symbol.asyncDispose]: close };
}

/** As a camera would leave it: whole, at once. */
async function dropIn(footage: string, folder: string): Promise<void> {
  const arriving = join(folder, '.arriving');
  await copyFile(footage, arriving);
  await rename(arriving, join(folder, `visit${extname(footage)}`));
}

async function lookAround(signal: AbortSignal): Promise<void> {
  printLine('\nEverything keeps running for you to look around. Ctrl-C ends it.');
  if (!signal.aborted) await once(signal, 'abort');
}
