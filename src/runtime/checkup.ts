import { statfs } from 'node:fs/promises';
import type { Result } from '../domain/result.ts';
import { Secret } from '../domain/secret.ts';
import type { PluginFailure } from '../domain/stage-error.ts';
import { remedyOf } from '../domain/stage-error.ts';
import { systemClock } from '../kit/clock.ts';
import { attention, bad, good } from '../kit/findings.ts';
import type { MediaTool } from '../media/media-process.ts';
import { mediaToolVersion } from '../media/version.ts';
import type { Finding } from '../plugins/spec/finding.ts';
import type { SourceStatus } from '../plugins/spec/source.ts';
import { pendingMigrations } from '../repository/migrate.ts';
import { openPool } from '../repository/pool.ts';
import { openSpool } from '../spool/spool.ts';
import { createTemporalClient } from '../temporal/client.ts';
import { type App, endpointsOf } from './app.ts';
import { loadAnalyzer, loadChannels, loadFilter, loadStorage } from './compose.ts';
import { readReport } from './source-report.ts';

const LOW_DISK_BYTES = 2_000_000_000;

/** Looks at everything that a household needs, all at once. Makes its folders where they are missing, and changes nothing else. */
export async function checkUp(app: App): Promise<Finding[]> {
  const findings = await Promise.all([
    checkTool('ffmpeg'),
    checkTool('ffprobe'),
    checkTemporal(app),
    checkPostgres(app),
    checkStorage(app),
    checkDetector(app),
    checkAnalyzer(app),
    ...loadChannels(app).map(async ({ name, notifier }) => pinged(`channel ${name}`, notifier)),
    checkSpool(app),
    checkCameras(app),
  ]);
  return findings.flat();
}

async function checkTool(tool: MediaTool): Promise<Finding> {
  const version = await mediaToolVersion(tool);
  if (version !== undefined) return good(tool, version);
  return bad(tool, 'cannot be run', 'Install ffmpeg, which brings ffprobe: apt-get install ffmpeg, or brew install ffmpeg.');
}

async function checkTemporal(app: App): Promise<Finding> {
  const { temporalAddress: address } = endpointsOf(app);
  const fix = 'Start `homesec run`, or see that the server at temporal.address runs; clips wait in the spool meanwhile.';
  if (address === undefined) return bad('Temporal', 'not running, and no address is configured', fix);
  const { namespace } = app.config.temporal;
  const client = createTemporalClient({ address, namespace });
  try {
    const { count } = await client.withDeadline(Date.now() + 3_000, () => client.workflow.count('ClipStatus = "parked"'));
    if (count > 0)
      return attention(
        'Temporal',
        count === 1 ? '1 clip is parked' : `${count} clips are parked`,
        'See `homesec clips list --status parked`; then `homesec clips retry`.',
      );
    return good('Temporal', `${address}, namespace ${namespace}`);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    return bad('Temporal', `${address}: ${cause}`, `${fix} A server of your own needs \`homesec setup-temporal\` once.`);
  } finally {
    await client.connection.close();
  }
}

async function checkPostgres(app: App): Promise<Finding> {
  const { postgresDsn } = endpointsOf(app);
  const fix =
    'Start `homesec run`, or see that Postgres runs and the variable in state_store.dsn_env is right; events wait in Temporal meanwhile.';
  if (postgresDsn === undefined) return bad('Postgres', 'not running, and no DSN is set', fix);
  const pool = openPool(new Secret(postgresDsn), { max: 1 });
  try {
    const pending = await pendingMigrations(pool);
    if (!pending.ok) return bad('Postgres', pending.error.message, fix);
    if (pending.value.length > 0)
      return attention(
        'Postgres',
        pending.value.length === 1 ? '1 migration is missing' : `${pending.value.length} migrations are missing`,
        'Run `homesec migrate`.',
      );
    return good('Postgres', 'answers, tables up to date');
  } finally {
    await pool.end();
  }
}

async function checkStorage(app: App): Promise<Finding> {
  return pinged('storage', loadStorage(app));
}

async function checkDetector(app: App): Promise<Finding> {
  return pinged('detector', loadFilter(app));
}

async function checkAnalyzer(app: App): Promise<Finding> {
  if (app.config.vlm.run_mode === 'never') return good('vision-language model', 'off (vlm.run_mode: never)');
  return pinged('vision-language model', loadAnalyzer(app));
}

interface Pingable {
  ping(): Promise<Result<void, PluginFailure>>;
  close(): Promise<void>;
}

async function pinged(what: string, plugin: Pingable): Promise<Finding> {
  try {
    const answer = await plugin.ping();
    return answer.ok ? good(what, 'works') : bad(what, answer.error.message, remedyOf(answer.error.code));
  } finally {
    await plugin.close();
  }
}

async function checkSpool({ folders, logger }: App): Promise<Finding[]> {
  const opened = await openSpool({ dir: folders.spool, role: 'observer', clock: systemClock, logger });
  if (!opened.ok)
    return [bad('spool', opened.error.message, 'The spool must be a folder that HomeSec may write to, on a local disk.')];
  const { openCount, oldestSealedAt, refused, broken, openBytes } = await opened.value.backlog();
  await opened.value.close();
  const backlog =
    openCount === 0
      ? 'nothing waits'
      : `${openCount} open (${(openBytes / 1e6).toFixed(1)} MB), the oldest sealed ${oldestSealedAt}`;
  return [
    good('spool', backlog),
    ...refused.map(({ clip, reason }) =>
      attention(
        'spool',
        `${clip.clipId} is set aside: ${reason.message}`,
        'Retry it with `homesec clips retry`, or reset its workflow.',
      ),
    ),
    ...broken.map((name) => attention('spool', `${name} could not be understood`, `It lies in ${folders.spool}/broken.`)),
    await checkDisk(folders.spool),
  ];
}

async function checkDisk(folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  const message = `${(freeBytes / 1e9).toFixed(1)} GB free at ${folder}`;
  return freeBytes < LOW_DISK_BYTES
    ? bad('disk', message, 'Free space: recording stops when the disk is full.')
    : good('disk', message);
}

async function checkCameras(app: App): Promise<Finding[]> {
  const { isRecording, sources } = await readReport(app);
  return app.config.cameras
    .filter((camera) => camera.enabled)
    .flatMap(({ name }) => {
      const status = sources[name];
      const what = `camera ${name}`;
      const kept = (status?.problems ?? []).map(({ path, message, since }) =>
        attention(
          what,
          `${path} is no clip since ${since}: ${message}`,
          'Repair the file or take it away; it is kept and tried again.',
        ),
      );
      if (!isRecording || status === undefined)
        return [attention(what, 'is not recorded by this machine now', 'Start `homesec run` or `homesec record`.'), ...kept];
      return [howItIs(what, status), ...kept];
    });
}

const AWAY_FIX = 'See that the camera or folder is there: power, network, address, credentials. It is taken up again by itself.';

/** Notes are no fault: they say how a camera is used that can do no better. */
function howItIs(what: string, { state, message, connection }: SourceStatus): Finding {
  if (connection === undefined) return state === 'offline' ? bad(what, message ?? state, AWAY_FIX) : good(what, state);
  const { online, since, lastError = message, notes } = connection;
  if (online || state === 'starting') return good(what, [state, ...notes].join('; '));
  return bad(what, `${state}, away since ${since}${lastError === undefined ? '' : `: ${lastError}`}`, AWAY_FIX);
}
