import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { systemClock } from '../../src/kit/clock.ts';
import type { Recording } from '../../src/plugins/spec/source.ts';
import { type HandoverSpool, openSpool, type RecorderSpool, type SpoolRole, type SpoolRoles } from '../../src/spool/spool.ts';
import { makeClip } from './made-clip.ts';
import { createTestContext, type LoggedLine } from './plugin-context.ts';
import { valueOf } from './value-of.ts';

/** A spool in a temporary folder, and real video to seal in it. */
export interface SpoolHouse extends AsyncDisposable {
  readonly dir: string;
  readonly spoolDir: string;
  readonly lines: readonly LoggedLine[];
  /** Opens the spool; closed with the house. */
  open<Role extends SpoolRole>(role: Role): Promise<SpoolRoles[Role]>;
  /** A copy of the video under a name of its own. */
  footage(name?: string): Promise<string>;
  recording(changes?: Partial<Recording>): Promise<Recording>;
  /** Names in a folder of the spool. */
  names(folder: string): Promise<string[]>;
  read(folder: string, name: string): Promise<string>;
}

export async function openSpoolHouse(): Promise<SpoolHouse> {
  const dir = await mkdtemp(join(tmpdir(), 'homesec-spool-'));
  const spoolDir = join(dir, 'spool');
  const made = await makeClip(dir, 400);
  const { logger, lines } = createTestContext();
  const opened: { close(): Promise<void> }[] = [];
  let count = 0;
  const footage = async (name = `clip-${(count += 1)}.mp4`): Promise<string> => {
    const path = join(dir, name);
    await cp(made.path, path);
    return path;
  };
  return {
    dir,
    spoolDir,
    lines,
    footage,
    async open(role) {
      const spool = valueOf(await openSpool({ dir: spoolDir, role, clock: systemClock, logger, pollIntervalMs: 200 }));
      opened.push(spool);
      return spool;
    },
    async recording(changes = {}) {
      const path = changes.path ?? (await footage());
      const recordedStartAt = '2026-11-23T02:27:00.123Z';
      return { cameraName: 'Front Door', sourceBackend: 'test', identity: path, recordedStartAt, take: 'copy', ...changes, path };
    },
    names: async (folder) => (await readdir(join(spoolDir, folder))).sort(),
    read: (folder, name) => readFile(join(spoolDir, folder, name), 'utf8'),
    async [Symbol.asyncDispose]() {
      for (const spool of opened) await spool.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** What a test of the spool is given: a house of its own, with both who write to the spool. */
export interface SpoolGiven {
  house: SpoolHouse;
  recorder: RecorderSpool;
  handover: HandoverSpool;
}

/** To be called once in a test file. */
export function useSpool() {
  // Filled before the first test.
  const given = {} as SpoolGiven;
  beforeEach(async () => {
    given.house = await openSpoolHouse();
    given.recorder = await given.house.open('recorder');
    given.handover = await given.house.open('handover');
  });
  afterEach(() => given.house[Symbol.asyncDispose]());
  const seal = async (changes: Partial<Recording> = {}) =>
    valueOf(await given.recorder.sink().seal(await given.house.recording(changes)));
  return { given, seal };
}
