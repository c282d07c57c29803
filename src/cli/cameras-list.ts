import type { Command } from 'commander';
import type { CameraConfig } from '../config/schema.ts';
import type { CameraConnection, SourceStatus } from '../plugins/spec/source.ts';
import { type LastReport, readReport } from '../runtime/source-report.ts';
import { type CommonOptions, openApp } from './open-app.ts';
import { printJson, printTable } from './print.ts';

/** How a camera of this machine is. `off`: not enabled. `not_recorded`: nobody records it now. */
interface CameraLine extends Partial<Omit<CameraConnection, 'online' | 'notes'>> {
  readonly name: string;
  readonly state: SourceStatus['state'] | 'off' | 'not_recorded';
  readonly notes: readonly string[];
}

export function addCamerasList(cameras: Command): void {
  cameras
    .command('list')
    .summary('how each camera of this machine is')
    .description(
      'Tells what the recording process of this machine last said of each camera: its state, since when it is online or away, how often it was connected again, and what there is to know. Needs no server.',
    )
    .option('--json', 'machine-readable output')
    .action(async (_options: object, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { readonly json?: boolean }>();
      const app = await openApp(options);
      const report = await readReport(app);
      const lines = app.config.cameras.map((camera) => lineOf(camera, report));
      if (options.json === true) return printJson({ cameras: lines });
      printTable(['NAME', 'STATE', 'SINCE', 'RECONNECTS', 'NOTE'], lines.map(rowOf));
    });
}

function lineOf({ name, enabled }: CameraConfig, { isRecording, sources }: LastReport): CameraLine {
  if (!enabled) return { name, state: 'off', notes: [] };
  const source = isRecording ? sources[name] : undefined;
  if (source === undefined) return { name, state: 'not_recorded', notes: [] };
  const { state, message, connection } = source;
  const said = message === undefined ? {} : { lastError: message };
  if (connection === undefined) return { name, state, ...said, notes: [] };
  const { online, notes, ...known } = connection;
  // An error that the camera has got over is history.
  const { lastError: _lastError, ...good } = known;
  return { name, state, ...said, ...(online ? good : known), notes };
}

const rowOf = ({ name, state, since, reconnects, lastError, notes }: CameraLine): string[] => [
  name,
  state.replace('_', ' '),
  since === undefined ? '' : new Date(since).toLocaleString('sv-SE'),
  reconnects?.toString() ?? '',
  [...(lastError === undefined ? [] : [lastError]), ...notes].join('; '),
];
