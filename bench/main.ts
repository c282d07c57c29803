/** What `make bench` runs. `node bench/main.ts [clips one after another] [clips at once] [clips of a long backfill]` for other sizes. */
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { type BackfillBench, benchBackfill, type SharedPipeline } from './backfill.ts';
import { benchCameras, type CamerasBench, type CoreShares } from './cameras.ts';
import { benchFilter, type FilterBench } from './filter.ts';
import { benchOverhead, type OverheadBench } from './overhead.ts';
import { benchUploads, type UploadsBench } from './uploads.ts';

const SHARED = join(import.meta.dirname, '..', '..', 'shared');
const FILTER_FILES = {
  footage: join(SHARED, 'footage', 'one-by-one-person-detection.mp4'),
  model: join(SHARED, 'models', 'yolox_nano_416.onnx'),
};

type Row = readonly [what: string, value: string];

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function print(title: string, rows: readonly Row[]): void {
  const width = Math.max(...rows.map(([what]) => what.length));
  say([`\n${title}`, ...rows.map(([what, value]) => `  ${what.padEnd(width)}  ${value}`)].join('\n'));
}

const ms = (value: number): string => `${Math.round(value)} ms`;

function overheadRows({ serial, burst, wrong, peakMemoryMiB, load }: OverheadBench): Row[] {
  const cpu = Object.entries(burst.cpuMsPerClip);
  const ours = Object.entries(peakMemoryMiB).filter(([group]) => group !== 'temporal' && group !== 'postgres');
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const list = (entries: readonly (readonly [string, number])[]): string =>
    entries.map(([group, value]) => `${group} ${Math.round(value)}`).join(', ');
  return [
    [`one after another, ${serial.clips} clips`, `p50 ${ms(serial.p50Ms)}, p95 ${ms(serial.p95Ms)}`],
    ['of that, until', serial.timeline.map(({ what, atMs }) => `${what} ${atMs}`).join(', ')],
    [`at once, ${burst.clips} clips`, `${burst.clipsPerSecond.toFixed(1)} clips/s`],
    ['processor time per clip', `${ms(sum(cpu.map(([, value]) => value)))} (${list(cpu)})`],
    ['wrong', String(wrong)],
    ['peak memory (PSS), ours', `${Math.round(sum(ours.map(([, value]) => value)))} MiB (${list(ours)})`],
    [
      'Temporal, Postgres',
      `${Math.round(peakMemoryMiB['temporal'] ?? 0)} MiB, ${Math.round(peakMemoryMiB['postgres'] ?? 0)} MiB`,
    ],
    ['load average at the end', load.toFixed(1)],
  ];
}

const backfillRows = ({ trivial, detector, long, load }: BackfillBench): Row[] => [
  ...sharedRows('plugins that answer at once', trivial),
  ...(detector === undefined ? [] : sharedRows('YOLOX-nano, 10 s of 1080p25', detector)),
  [`${long.clips} clips with stub stages`, `${long.clipsPerSecond.toFixed(1)} clips/s, ${long.pages} pages`],
  ['history of a page', `${long.historyEvents.join(' to ')} events, ${long.historyBytes.join(' to ')} bytes`],
  ['load average at the end', load.toFixed(1)],
];

const sharedRows = (plugins: string, { alone, beside, clipsPerSecond }: SharedPipeline): Row[] => [
  [`${plugins}: a new clip, alone`, `p50 ${ms(alone.p50Ms)}, p95 ${ms(alone.p95Ms)}`],
  [`${plugins}: a new clip, beside a backfill`, `p50 ${ms(beside.p50Ms)}, p95 ${ms(beside.p95Ms)}`],
  [`${plugins}: that backfill, two clips at once`, `${clipsPerSecond.toFixed(1)} clips/s`],
];

const uploadRows = ({ sizeBytes, rawCopyMs, uploads, shared, load }: UploadsBench): Row[] => [
  [`raw copy of ${Math.round(sizeBytes / 2 ** 20)} MiB`, ms(rawCopyMs)],
  ...uploads.map(({ what, tookMs, peakMemoryMiB }): Row => [what, `${ms(tookMs)}, peak memory ${Math.round(peakMemoryMiB)} MiB`]),
  ['ten at once, under one limit', `${shared.measuredMbps.toFixed(1)} of ${shared.limitMbps} Mbit/s`],
  ['load average at the end', load.toFixed(1)],
];

const filterRows = (bench: FilterBench): Row[] => [
  ['whole clip', `${ms(bench.wallMs)} (first call ${ms(bench.coldWallMs)})`],
  ['decoding alone', ms(bench.decodeMs)],
  [`inference, ${bench.frames} frames`, ms(bench.inferenceMs)],
  ['load average at the end', bench.load.toFixed(1)],
];

const shares = (of: CoreShares): string =>
  Object.entries(of)
    .map(([group, share]) => `${group} ${share.toFixed(4)}`)
    .join(', ');

function cameraRows({ main, sub, idle, memoryMiB, many, timesMs, load }: CamerasBench): Row[] {
  const memory = Object.entries(memoryMiB).map(([group, value]) => `${group} ${Math.round(value)} MiB`);
  return [
    ['cores, main stream only, recording', shares(main)],
    ['cores, sub-stream for motion, recording', shares(sub)],
    ['cores, sub-stream for motion, idle', shares(idle)],
    ['memory (PSS), one idle camera', memory.join(', ')],
    ...many.map(
      ({ cameras, cores, sentFrames, lostFrames }): Row => [
        `${cameras} with sub-streams, all recording`,
        `${cores.toFixed(3)} cores, ${lostFrames} of ${sentFrames} pictures lost`,
      ],
    ),
    ['online, pictures judged: unknown camera', `${ms(timesMs.firstOnline)}, ${ms(timesMs.firstJudged)}`],
    ['the same: known camera', `${ms(timesMs.online)}, ${ms(timesMs.judged)}`],
    ['the same: after a dropped connection', `${ms(timesMs.onlineAfterDrop)}, ${ms(timesMs.judgedAfterDrop)}`],
    ['the same: after kill -9 and restart', `${ms(timesMs.onlineAfterKill)}, ${ms(timesMs.judgedAfterKill)}`],
    ['load average at the end', load.toFixed(1)],
  ];
}

const [serialClips = 50, burstClips = 300, longClips = 1_000] = process.argv.slice(2).map(Number);
say(`${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}`);
print('Clip overhead: file closed -> done in Postgres, plugins that answer at once, everything durable', [
  ...overheadRows(await benchOverhead({ serialClips, burstClips })),
]);
const missing = Object.values(FILTER_FILES).filter((file) => !existsSync(file));
const files = missing.length > 0 ? undefined : FILTER_FILES;
if (files === undefined) say(`\nDetector and cameras: not measured, for want of ${missing.join(' and ')}`);
print('Backfill: filter, model and policy over old clips', backfillRows(await benchBackfill(files, longClips)));
print('Uploads: servers on this machine, each in a process of its own', uploadRows(await benchUploads()));
if (files !== undefined) {
  print('Filter: 10 s of 1080p25, 2 frames per second, YOLOX-nano, medians', filterRows(await benchFilter(files)));
  print(
    'Cameras: 1080p25, small stream 640x360 at 25/s, both by RTSP',
    cameraRows(await benchCameras({ footage: files.footage, onNext: (what) => say(`  measuring: ${what}`) })),
  );
}
