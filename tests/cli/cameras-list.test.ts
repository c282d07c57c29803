import { afterAll, beforeAll, expect, it } from 'vitest';
import { identifyProcess } from '../../src/kit/process-identity.ts';
import type { SourceStatus } from '../../src/plugins/spec/source.ts';
import { createConfigFolder } from '../support/config-file.ts';
import { homesec } from '../support/homesec.ts';

const camera = (name: string) => ({
  name,
  enabled: name !== 'Cellar',
  source: { backend: 'local_folder', config: { watch_dir: `./${name}` } },
});
const CONFIG = {
  version: 1,
  cameras: ['Front door', 'Garden', 'Garage', 'Shed', 'Roof', 'Cellar'].map(camera),
  storage: { backend: 'local', config: { root: './storage' } },
  filter: { backend: 'yolo' },
  vlm: { backend: 'openai', config: { base_url: 'http://127.0.0.1:1', api_key_env: null, model: 'none' } },
};
const SINCE = '2026-01-01T02:27:00.000Z';
const link = (isOnline: boolean, notes: readonly string[]) => ({
  connection: { online: isOnline, since: SINCE, reconnects: 3, lastError: 'connection refused', notes },
});
const SOURCES: Record<string, SourceStatus> = {
  'Front door': { state: 'recording', problems: [], ...link(true, ['one session', 'no audio']) },
  Garden: { state: 'reconnecting', problems: [], ...link(false, ['one session']) },
  Garage: { state: 'watching', problems: [] },
  Shed: { state: 'offline', message: 'ENOENT', problems: [] },
};

let home: Awaited<ReturnType<typeof createConfigFolder>>;
let config: string;
beforeAll(async () => {
  home = await createConfigFolder();
  config = await home.write('homesec.yaml', JSON.stringify(CONFIG));
});
afterAll(() => home[Symbol.asyncDispose]());

const writeReport = (writer: unknown) =>
  home.write('homesec-data/state/sources.json', JSON.stringify({ writer, sources: SOURCES }));

it('each camera is listed with how it is, for people and for scripts', async () => {
  // Given the report of a process that records
  await writeReport(identifyProcess(process.pid));
  // When
  const [table, json] = await Promise.all([
    homesec(['cameras', 'list', '-c', config]),
    homesec(['cameras', 'list', '--json', '-c', config]),
  ]);
  // Then
  expect(table.stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    ['NAME', 'STATE', 'SINCE', 'RECONNECTS', 'NOTE'],
    ['Front door', 'recording', '2026-01-01 03:27:00', '3', 'one session; no audio'],
    ['Garden', 'reconnecting', '2026-01-01 03:27:00', '3', 'connection refused; one session'],
    ['Garage', 'watching'],
    ['Shed', 'offline', 'ENOENT'],
    ['Roof', 'not recorded'],
    ['Cellar', 'off'],
    [''],
  ]);
  expect(JSON.parse(json.stdout).cameras.slice(0, 2)).toEqual([
    { name: 'Front door', state: 'recording', since: SINCE, reconnects: 3, notes: ['one session', 'no audio'] },
    {
      ...{ name: 'Garden', state: 'reconnecting', since: SINCE, reconnects: 3 },
      ...{ lastError: 'connection refused', notes: ['one session'] },
    },
  ]);
});

it('doctor says since when a camera is away and why, and takes notes for no fault', async () => {
  // Given
  await writeReport(identifyProcess(process.pid));
  // When
  const doctor = await homesec(['doctor', '--json', '-c', config]);
  // Then
  const findings = JSON.parse(doctor.stdout);
  const fix = expect.stringContaining('power, network, address, credentials');
  const away = { what: 'camera Garden', state: 'bad', message: `reconnecting, away since ${SINCE}: connection refused`, fix };
  expect(findings).toContainEqual(away);
  expect(findings).toContainEqual({ what: 'camera Front door', state: 'good', message: 'recording; one session; no audio' });
  expect(findings).toContainEqual({ what: 'camera Shed', state: 'bad', message: 'ENOENT', fix });
});

it('the report of a process that has ended says nothing of how cameras are now', async () => {
  // Given
  await writeReport({ pid: process.pid, startMark: 'another process with this number' });
  // When
  const { stdout } = await homesec(['cameras', 'list', '--json', '-c', config]);
  // Then
  const states = JSON.parse(stdout).cameras.map(({ state }: { state: string }) => state);
  expect(states).toEqual([...Array.from({ length: 5 }, () => 'not_recorded'), 'off']);
});
