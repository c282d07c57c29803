// How a source takes the suite: call `describeFileSource` in a test file of its own with a set-up that can make new instances
// of the source and put finished recordings where it finds them, or `describeSource` for a source that makes its recordings
// itself. The suite gives it a spool of its own, which takes any file but those that begin with `broken`: they are unreadable.
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createClipId } from '../../src/domain/ids.ts';
import { err, ok, type Result } from '../../src/domain/result.ts';
import type { ClipSink, ClipSource, Recording, SealedClip, SealFailure, SnapshotOutcome } from '../../src/plugins/spec/source.ts';
import { waitUntil } from '../support/wait-until.ts';

export interface SourceSetup {
  /** A new instance over the same input; one lives at a time. The suite starts and stops it. */
  readonly open: () => ClipSource;
  readonly cameraName: string;
  readonly backend: string;
  /** Makes one recording happen at the source's input. */
  readonly record: (seed: string) => Promise<unknown>;
  readonly dispose: () => Promise<void>;
}

/** Of a source that takes files which others have made. */
export interface FileSourceSetup extends SourceSetup {
  /** Makes a recording appear, finished; the same seed, the same bytes. Gives their SHA-256 as hex. */
  readonly record: (seed: string) => Promise<string>;
  /** Makes a file appear there that begins with `broken` and is no video. */
  readonly recordBroken: () => Promise<void>;
}

/** A spool that keeps nothing but the memory of what it was offered. */
class RememberingSink implements ClipSink {
  readonly scratchDir: string;
  readonly stateDir: string;
  readonly offered: Recording[] = [];
  /** SHA-256 of the bytes by identity. */
  readonly sealed = new Map<string, string>();
  /** As many times the disk is full. */
  diskFailures = 0;

  constructor(folder: string) {
    this.scratchDir = join(folder, 'scratch');
    this.stateDir = join(folder, 'state');
  }

  /** SHA-256 of all sealed clips, sorted. */
  get hashes(): readonly string[] {
    return [...this.sealed.values()].sort();
  }

  async seal(recording: Recording): Promise<Result<SealedClip, SealFailure>> {
    this.offered.push(recording);
    const bytes = await readFile(recording.path).catch(() => undefined);
    if (bytes === undefined) return err({ code: 'gone', message: 'the file is gone' });
    if (bytes.toString('latin1', 0, 6) === 'broken') return err({ code: 'unreadable', message: 'no video' });
    this.diskFailures -= 1;
    if (this.diskFailures >= 0) return err({ code: 'disk', message: 'the disk is full' });
    const identity = createHash('sha256').update(`${recording.cameraName}\0${recording.identity}`).digest('hex');
    const isNew = !this.sealed.has(recording.identity);
    this.sealed.set(recording.identity, createHash('sha256').update(bytes).digest('hex'));
    if (recording.take === 'move') await rm(recording.path);
    return ok({ clipId: createClipId(recording.recordedStartAt, recording.cameraName, identity), isNew });
  }

  attachSnapshot(): Promise<Result<SnapshotOutcome, SealFailure>> {
    return Promise.resolve(ok('no_clip'));
  }
}

/** The suite's own household of one source. */
class Stage<Setup extends SourceSetup> {
  readonly sink: RememberingSink;
  readonly given: Setup;
  readonly #folder: string;
  #running: ClipSource | undefined;

  private constructor(folder: string, given: Setup) {
    this.#folder = folder;
    this.sink = new RememberingSink(folder);
    this.given = given;
  }

  static async open<Setup extends SourceSetup>(setup: () => Promise<Setup>): Promise<Stage<Setup>> {
    const folder = await mkdtemp(join(tmpdir(), 'homesec-source-contract-'));
    const stage = new Stage(folder, await setup());
    await mkdir(stage.sink.scratchDir);
    await mkdir(stage.sink.stateDir);
    return stage;
  }

  async start(): Promise<ClipSource> {
    this.#running = this.given.open();
    await this.#running.start(this.sink);
    return this.#running;
  }

  sealed(count: number): Promise<void> {
    return waitUntil(`${count} sealed`, () => this.sink.sealed.size >= count);
  }

  async close(): Promise<void> {
    await this.#running?.stop();
    await this.given.dispose();
    await rm(this.#folder, { recursive: true });
  }
}

/** Promises of every source. `setup` makes a new, empty input for each test. */
export function describeSource(name: string, setup: () => Promise<SourceSetup>): void {
  describe(`source ${name}`, () => {
    let stage: Stage<SourceSetup>;
    beforeEach(async () => {
      stage = await Stage.open(setup);
    });
    afterEach(() => stage.close());

    test('seals what is recorded while it runs, each once, with all that the spool must know', async () => {
      // Given
      await stage.start();
      // When
      for (const seed of ['1', '2', '3']) await stage.given.record(seed);
      await stage.sealed(3);
      // Then
      expect(stage.sink.offered.length).toBe(3);
      for (const recording of stage.sink.offered) {
        expect(recording).toMatchObject({ cameraName: stage.given.cameraName, sourceBackend: stage.given.backend });
        expect(isAbsolute(recording.path)).toBe(true);
        expect(new Date(recording.recordedStartAt).toISOString()).toBe(recording.recordedStartAt);
      }
    });

    test('offers a recording again that the disk could not take', async () => {
      // Given a disk that is full at first
      stage.sink.diskFailures = 1;
      await stage.start();
      // When
      await stage.given.record('1');
      // Then
      await stage.sealed(1);
      expect(new Set(stage.sink.offered.map(({ identity }) => identity)).size).toBe(1);
    });

    test('says what it is doing, and does nothing more once it is stopped', async () => {
      // Given
      const source = await stage.start();
      await waitUntil('watching', () => source.status().state === 'watching');
      // When
      await source.stop();
      await stage.given.record('1');
      await source.stop();
      // Then
      expect(source.status()).toMatchObject({ state: 'stopped' });
      expect(stage.sink.offered).toEqual([]);
    });
  });
}

/** Promises of every source, and of those that take files beyond them. */
export function describeFileSource(name: string, setup: () => Promise<FileSourceSetup>): void {
  describeSource(name, setup);
  describe(`file source ${name}`, () => {
    let stage: Stage<FileSourceSetup>;
    beforeEach(async () => {
      stage = await Stage.open(setup);
    });
    afterEach(() => stage.close());

    test('seals the very bytes that it was given', async () => {
      // Given
      await stage.start();
      // When
      const recorded = [await stage.given.record('1'), await stage.given.record('2'), await stage.given.record('3')];
      await stage.sealed(3);
      // Then
      expect(stage.sink.hashes).toEqual(recorded.sort());
    });

    test('tells recordings apart that have the same content', async () => {
      // Given
      await stage.start();
      // When
      const recorded = [await stage.given.record('same'), await stage.given.record('same')];
      await stage.sealed(2);
      // Then
      expect(recorded[0]).toBe(recorded[1]);
      expect(stage.sink.hashes).toEqual(recorded);
    });

    test('seals nothing twice when it is started again, and misses nothing that came meanwhile', async () => {
      // Given a source that has sealed, and was stopped
      const first = await stage.start();
      const recorded = [await stage.given.record('1')];
      await stage.sealed(1);
      await first.stop();
      // When
      recorded.push(await stage.given.record('2'));
      await stage.start();
      recorded.push(await stage.given.record('3'));
      await stage.sealed(3);
      // Then: offering it again would be harmless, under another identity it would be a twin
      expect(stage.sink.hashes).toEqual(recorded.sort());
    });

    test('keeps going past a file that is no video, and reports it', async () => {
      // Given
      const source = await stage.start();
      // When
      await stage.given.recordBroken();
      const recorded = await stage.given.record('1');
      await stage.sealed(1);
      await waitUntil('the problem', () => source.status().problems.length > 0);
      // Then
      expect(stage.sink.hashes).toEqual([recorded]);
      expect(source.status().problems).toEqual([
        { path: expect.any(String), message: expect.any(String), since: expect.stringMatching(/^\d{4}-.*Z$/) },
      ]);
    });
  });
}
