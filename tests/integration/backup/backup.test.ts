import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { findPostgresPrograms } from '../../../src/backup/postgres-programs.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { Secret } from '../../../src/domain/secret.ts';
import { createClipRepository } from '../../../src/repository/clip-repository.ts';
import { openPool } from '../../../src/repository/pool.ts';
import { foldersOf } from '../../../src/runtime/app.ts';
import { backUpHousehold, restoreHousehold } from '../../../src/runtime/backup.ts';
import { backupFindings } from '../../../src/runtime/backup-findings.ts';
import { type ClipDatabase, openClipDatabase } from '../../support/clip-database.ts';
import { createStory, NEW_EVENTS } from '../../support/clip-story.ts';
import { homesec, processesIn } from '../../support/homesec.ts';
import { stack } from '../../support/stack.ts';
import { errorOf, valueOf } from '../../support/value-of.ts';
import { waitUntil } from '../../support/wait-until.ts';

const DSN_VARIABLE = 'HOMESEC_TEST_BACKUP_DSN';

let folder: string;
let database: ClipDatabase;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'homesec-backup-'));
  database = await openClipDatabase();
  vi.stubEnv(DSN_VARIABLE, database.dsn);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const configuration = () => ({
  version: 1,
  data_dir: join(folder, 'data'),
  cameras: [],
  storage: { backend: 'local', config: { root: join(folder, 'storage') } },
  state_store: { dsn_env: DSN_VARIABLE },
  notifiers: [],
  filter: { backend: 'yolo' },
  vlm: { backend: 'openai', run_mode: 'never', config: { model: 'none' } },
  backup: { keep_count: 2 },
});

function household() {
  const config = configSchema.parse(configuration());
  return { config, folders: foldersOf(config) };
}

const dir = () => join(folder, 'data', 'backups');
const unhurried = () => ({ signal: new AbortController().signal });

/** Clips of a night, one of them with all that can be known of it. */
async function fillDatabase(): Promise<void> {
  const repository = createClipRepository(database.pool);
  for (const happened of [[], [NEW_EVENTS.filter_completed, NEW_EVENTS.vlm_completed, NEW_EVENTS.alert_decision_made]]) {
    const story = createStory();
    valueOf(await repository.append(story.clipId, [story.recorded(), ...happened.map((event) => story.emit(event))]));
  }
}

/** All that there is to be known of clips. */
async function contentOf(dsn: string) {
  const pool = openPool(new Secret(dsn), { max: 1 });
  try {
    const clips = valueOf(await createClipRepository(pool).list({}, { limit: 100 })).clips;
    const rows = await Promise.all(
      ['clip_states', 'clip_events', 'schema_migrations'].map((table) => pool.query(`select * from ${table} order by 1, 2`)),
    );
    return { clips, rows: rows.map((each) => each.rows) };
  } finally {
    await pool.end();
  }
}

describe('homesec backup', () => {
  it('gives every clip back as it was, into an empty database only', { timeout: 180_000 }, async () => {
    // Given a database with clips, and a configuration that names it
    await fillDatabase();
    const before = await contentOf(database.dsn);
    const file = join(folder, 'homesec.yaml');
    await writeFile(file, JSON.stringify(configuration()), { mode: 0o600 });
    const backup = (dsn: string, ...args: string[]) =>
      homesec(['backup', ...args, '--config', file], { env: { [DSN_VARIABLE]: dsn } });
    // When it is backed up, and restored over what is there, and into an empty one
    const made = await backup(database.dsn, 'now');
    const [{ path } = { path: '' }] = JSON.parse((await backup(database.dsn, 'list', '--json')).stdout) as { path: string }[];
    const refused = await restoreHousehold(household(), { file: path, force: false }, unhurried());
    const empty = await stack.createDatabase();
    onTestFinished(() => empty.drop());
    const restored = await backup(empty.dsn, 'restore', path);
    // Then
    expect(made).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(path) });
    expect(errorOf(refused)).toMatchObject({ code: 'RESTORE_NOT_EMPTY', message: expect.stringContaining('--force') });
    expect(restored).toMatchObject({ exitCode: 0 });
    expect(before.clips).toHaveLength(2);
    expect(await contentOf(empty.dsn)).toEqual(before);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(dir())).mode & 0o777).toBe(0o700);
  });

  it('puts a backup in the place of what has come since, when forced', async () => {
    // Given
    await fillDatabase();
    const before = await contentOf(database.dsn);
    const { file } = valueOf(await backUpHousehold(household(), 2, unhurried()));
    await fillDatabase();
    // When
    const restored = await restoreHousehold(household(), { file, force: true }, unhurried());
    // Then
    expect(restored.ok).toBe(true);
    expect(await contentOf(database.dsn)).toEqual(before);
  });

  it('leaves no table of a newer version behind: the next upgrade would fail on it', async () => {
    // Given a backup from before an upgrade
    await fillDatabase();
    const { file } = valueOf(await backUpHousehold(household(), 2, unhurried()));
    await database.pool.query('create table of_tomorrow (id int)');
    const before = await contentOf(database.dsn);
    // When
    const refused = await restoreHousehold(household(), { file, force: true }, unhurried());
    await database.pool.query('drop table of_tomorrow');
    const restored = await restoreHousehold(household(), { file, force: true }, unhurried());
    // Then
    expect(errorOf(refused)).toMatchObject({
      code: 'RESTORE_NOT_EMPTY',
      message: expect.stringContaining("'drop table public.of_tomorrow'"),
    });
    expect(restored.ok).toBe(true);
    expect(await contentOf(database.dsn)).toEqual(before);
  });

  it('leaves a database alone when the backup is damaged', async () => {
    // Given a backup that lost its end
    await fillDatabase();
    const { file, sizeBytes } = valueOf(await backUpHousehold(household(), 2, unhurried()));
    await truncate(file, sizeBytes - 200);
    await fillDatabase();
    const before = await contentOf(database.dsn);
    // When
    const restored = await restoreHousehold(household(), { file, force: true }, unhurried());
    // Then
    expect(errorOf(restored)).toMatchObject({ code: 'BACKUP_UNREADABLE' });
    expect(await contentOf(database.dsn)).toEqual(before);
  });
});

describe('a backup', () => {
  it('keeps the newest, and removes what killed ones have left', async () => {
    // Given three older ones, a stranger's file, and the remains of a backup of the day before yesterday
    await mkdir(dir(), { recursive: true });
    const older = ['20240101', '20240102', '20240103'].map((day) => `homesec-${day}T020000Z.dump`);
    for (const name of [...older, 'notes.dump', '.dead.part', '.young.part']) await writeFile(join(dir(), name), 'x');
    await utimes(join(dir(), '.dead.part'), 0, 0);
    // And what is named and not there, as when another backup comes to its end meanwhile
    const gone = ['.gone.part', 'homesec-20240104T020000Z.dump'];
    for (const name of gone) await symlink(join(folder, 'nowhere'), join(dir(), name));
    // When
    const { file, removed } = valueOf(await backUpHousehold(household(), 2, unhurried()));
    // Then
    expect(removed.toSorted()).toEqual(older.slice(0, 2));
    const kept = [basename(file), 'homesec-20240103T020000Z.dump', 'notes.dump', '.young.part', ...gone];
    expect((await readdir(dir())).toSorted()).toEqual(kept.toSorted());
  });

  it('that is called off leaves nothing, and shows the password to nobody', async () => {
    // Given one that waits for a table that somebody holds
    const client = await database.pool.connect();
    await client.query('begin; lock table clip_states in access exclusive mode');
    const stop = new AbortController();
    const backup = backUpHousehold(household(), 2, { signal: stop.signal });
    const outcome = backup.then(
      () => 'done',
      (error: unknown) => String(error),
    );
    await waitUntil('pg_dump', async () => (await processesIn(dir(), 'pg_dump')).length > 0);
    const [pid] = await processesIn(dir(), 'pg_dump');
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    // When
    stop.abort(new Error('called off'));
    const ended = await outcome;
    await client.query('rollback');
    client.release();
    // Then
    expect(ended).toBe('Error: called off');
    expect(await processesIn(dir())).toEqual([]);
    expect(await readdir(dir())).toEqual([]);
    expect(commandLine).not.toContain(new URL(database.dsn).password);
  });

  it('is missed by the doctor, and found when it is there', async () => {
    // Given
    const { config, folders } = household();
    const wanted = { folders, config: { ...config, backup: { ...config.backup, enabled: true, every_h: 24 } } };
    const look = async () => (await backupFindings(wanted, Date.now())).map(({ state, message }) => [state, message]);
    // When
    const none = await look();
    await mkdir(dir(), { recursive: true });
    await writeFile(join(dir(), 'homesec-20240101T020000Z.dump'), 'x');
    const old = await look();
    const { file } = valueOf(await backUpHousehold(wanted, 2, unhurried()));
    const fresh = await look();
    // Then
    expect(none).toEqual([['attention', `none in ${dir()}`]]);
    expect(old).toEqual([['attention', expect.stringContaining('20240101')]]);
    expect(fresh).toEqual([['good', expect.stringContaining(file)]]);
    expect(await backupFindings(household(), Date.now())).toEqual([]);
  });

  it('says what is wrong: no server, no folder, no programs', async () => {
    // Given
    await writeFile(join(folder, 'data'), 'a file where the folder should be');
    // When
    const noFolder = await backUpHousehold(household(), 2, unhurried());
    vi.stubEnv(DSN_VARIABLE, 'postgres://nobody@127.0.0.1:1/none');
    const noServer = await backUpHousehold(household(), 2, unhurried());
    const noPrograms = await findPostgresPrograms(99);
    // Then
    expect(errorOf(noFolder)).toMatchObject({ code: 'BACKUP_FOLDER_UNUSABLE', message: expect.stringContaining(dir()) });
    expect(errorOf(noServer)).toMatchObject({ code: 'BACKUP_SERVER_AWAY' });
    expect(errorOf(noPrograms)).toMatchObject({
      code: 'BACKUP_TOOL_MISSING',
      message: expect.stringContaining('postgresql-client-99'),
    });
  });
});
