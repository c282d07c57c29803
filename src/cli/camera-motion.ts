import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { MotionRecording } from '../domain/motion-recording.ts';
import { decodeGrayFrames } from '../media/gray-frames.ts';
import { MOTION_FRAME } from '../motion/frame-size.ts';
import { motionThreshold } from '../motion/motion-detector.ts';
import { createMotionTrial, type RecordedSpan, type TrialReading } from '../motion/motion-trial.ts';
import { MOTION_BY_SENSITIVITY, SENSITIVITIES, type Sensitivity } from '../motion/sensitivity.ts';
import { CliError, valueOrExit } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { findCamera } from './find-camera.ts';
import { type CommonOptions, type ConfiguredApp, openApp } from './open-app.ts';
import { drawMotionTimeline } from './picture/motion-timeline.ts';
import { printJson, printLine, printTable } from './print.ts';

interface MotionOptions extends CommonOptions {
  readonly camera?: string;
  readonly sensitivity: Sensitivity;
  readonly preRoll?: number;
  readonly stopDelay?: number;
  readonly png?: string;
  readonly json?: boolean;
}

export function addCameraMotion(cameras: Command): void {
  cameras
    .command('motion')
    .summary('when a camera would have recorded a video')
    .description(
      'Looks for motion in a video as a camera does, and tells when it would have recorded. Nothing is recorded or sent.',
    )
    .argument('<file>', 'video, such as a clip or an export of the camera')
    .option('--camera <name>', 'with zones, sensitivity and times of this camera')
    .addOption(
      new Option('--sensitivity <level>', 'how little is motion').choices(SENSITIVITIES).default('medium').conflicts('camera'),
    )
    .option('--pre-roll <seconds>', 'recorded from before the first motion', parseSeconds)
    .option('--stop-delay <seconds>', 'recorded after the last motion', parseSeconds)
    .option('--png <file>', 'draw motion over time')
    .option('--json', 'machine-readable output')
    .action(async (file: string, _options: object, command: Command) => {
      const options = command.optsWithGlobals<MotionOptions>();
      // Loading a configuration changes the working directory, where the person's own paths start.
      const [path, png] = [resolve(file), options.png === undefined ? undefined : resolve(options.png)];
      const rules = await rulesOf(options);
      const tried = await tryOnFile(path, rules);
      if (png !== undefined) await writeFile(png, drawMotionTimeline({ motion: rules.motion, ...tried }));
      if (options.json === true) printJson(reportOf(path, rules, tried));
      else printStory(rules, tried);
    });
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() === '' || !(seconds >= 0 && seconds <= 86_400)) throw new InvalidArgumentError('Give a number of seconds.');
  return seconds;
}

const BY_DEFAULT = { detectFps: 5, preRollMs: 5_000, stopDelayMs: 10_000 };

/** As configured for the camera, or by default; what the command line says of times wins. */
async function rulesOf(options: MotionOptions): Promise<MotionRecording> {
  const { camera, sensitivity, preRoll, stopDelay } = options;
  const rules =
    camera === undefined
      ? { ...BY_DEFAULT, motion: MOTION_BY_SENSITIVITY[sensitivity] }
      : recordingOfCamera(await openApp(options), camera);
  return {
    ...rules,
    ...(preRoll === undefined ? {} : { preRollMs: preRoll * 1_000 }),
    ...(stopDelay === undefined ? {} : { stopDelayMs: stopDelay * 1_000 }),
  };
}

function recordingOfCamera(app: ConfiguredApp, name: string): MotionRecording {
  const camera = findCamera(app, name);
  const found = app.registry.find('source', camera.source.backend);
  const plugin = found.ok ? found.value : undefined;
  if (plugin?.recordingOf === undefined)
    throw new CliError(`camera ${name} does not look for motion: its source is ${camera.source.backend}`, EXIT.failed);
  return plugin.recordingOf(plugin.configSchema.parse(camera.source.config));
}

interface Tried {
  readonly readings: readonly TrialReading[];
  readonly spans: readonly RecordedSpan[];
  /** Why the file was not looked at to its end. */
  readonly cutShort: string | undefined;
}

async function tryOnFile(path: string, rules: MotionRecording): Promise<Tried> {
  const trial = createMotionTrial(rules, MOTION_FRAME);
  const readings: TrialReading[] = [];
  const signal = new AbortController().signal;
  const decoding = decodeGrayFrames({ path, sampleFps: rules.detectFps, ...MOTION_FRAME, signal });
  for await (const { data, atMs } of decoding) readings.push(trial.look(data, atMs));
  const { cutShort } = valueOrExit(await decoding.outcome);
  return { readings, spans: trial.end(), cutShort };
}

const lightChangesOf = ({ readings }: Tried): number[] =>
  readings.filter(({ lightChange }) => lightChange).map(({ atMs }) => atMs);

const reportOf = (file: string, rules: MotionRecording, tried: Tried) => ({
  file,
  rules,
  lengthMs: tried.readings.at(-1)?.atMs ?? 0,
  recordings: tried.spans,
  lightChangesAtMs: lightChangesOf(tried),
  ...(tried.cutShort === undefined ? {} : { cutShort: tried.cutShort }),
});

function printStory({ motion }: MotionRecording, tried: Tried): void {
  const { spans, readings, cutShort } = tried;
  const rows = spans.map(({ startMs, endMs, peakShare }) => [
    clock(startMs),
    clock(endMs),
    `${((endMs - startMs) / 1_000).toFixed(1)} s`,
    percent(peakShare),
  ]);
  if (rows.length > 0) printTable(['START', 'END', 'LENGTH', 'PEAK'], rows);
  else printLine('nothing would have been recorded');
  const most = readings.reduce((most, { share }) => Math.max(most, share), 0);
  printLine(`\nup to ${percent(most)} of what is watched changed; ${percent(motionThreshold(motion, false))} begin a recording`);
  const lightChanges = lightChangesOf(tried);
  if (lightChanges.length > 0) printLine(`change of light at ${lightChanges.map(clock).join(', ')}`);
  if (cutShort !== undefined) printLine(cutShort);
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** Minutes, seconds and tenths of media time. */
function clock(ms: number): string {
  const tenths = Math.round(ms / 100);
  return `${Math.floor(tenths / 600)}:${((tenths % 600) / 10).toFixed(1).padStart(4, '0')}`;
}
