import type { Command } from 'commander';
import { loadSource } from '../runtime/compose.ts';
import { readReport } from '../runtime/source-report.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { findCamera } from './find-camera.ts';
import { type CommonOptions, openApp } from './open-app.ts';
import { printLine } from './print.ts';
import { tellFindings } from './tell-findings.ts';

export function addCameraTest(cameras: Command): void {
  cameras
    .command('test')
    .summary('whether a camera can be recorded as it is configured')
    .description(
      'Opens the streams of a camera, records a few seconds to see that they play, and tries both streams at once. Nothing is kept. Exit code 1 when something does not work.',
    )
    .argument('<name>', 'the camera, as configured')
    .option('--json', 'machine-readable output')
    .action(async (name: string, _options: object, command: Command) => {
      const { json, ...options } = command.optsWithGlobals<CommonOptions & { readonly json?: boolean }>();
      const app = await openApp(options);
      const camera = findCamera(app, name);
      const source = await loadSource(app, camera);
      if (source.diagnose === undefined)
        throw new CliError(`camera ${name} has nothing to try out: its source is ${camera.source.backend}`, EXIT.failed);
      const { isRecording } = await readReport(app);
      if (isRecording && json !== true)
        printLine('HomeSec records on this machine now: a camera that allows few connections may refuse this test.');
      const findings = await source.diagnose();
      tellFindings(findings, json === true ? { camera: name, findings } : undefined);
    });
}
