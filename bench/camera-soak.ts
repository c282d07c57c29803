/** Cameras with a fault every few seconds: `node bench/camera-soak.ts [minutes] [seed]`. Exit code 1 when anything is wrong. */
import { soakCameras } from '../tests/support/camera-soak/soak.ts';

const [minutes = 60, seed = Date.now() % 1_000_000] = process.argv.slice(2).map(Number);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
say(`seed ${seed}`);
const report = await soakCameras({ minutes, seed, killRecorderEveryS: 90, say });
say(JSON.stringify(report, undefined, 2));
process.exitCode = report.problems.length === 0 ? 0 : 1;
