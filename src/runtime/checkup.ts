import { GPU_QUEUE, VLM_QUEUE } from '../domain/process-clip.ts';
import { Secret } from '../domain/secret.ts';
import { systemClock } from '../kit/clock.ts';
import { attention, bad, good } from '../kit/findings.ts';
import type { MediaTool } from '../media/media-process.ts';
import { mediaToolVersion } from '../media/version.ts';
import type { Finding } from '../plugins/spec/finding.ts';
import { pendingMigrations } from '../repository/migrate.ts';
import { openPool, type PoolOptions } from '../repository/pool.ts';
import { openSpool } from '../spool/spool.ts';
import { createTemporalClient } from '../temporal/client.ts';
import { explainRefusal } from '../temporal/explain-refusal.ts';
import { type App, endpointsOf } from './app.ts';
import { backupFindings } from './backup-findings.ts';
import { enabledCameras, loadAnalyzer, loadFilter, loadNotifier, loadStorage, notifiersOf } from './compose.ts';
import { cameraFindings, spoolFindings } from './recorder-findings.ts';
import { unlessServedElsewhere } from './served-elsewhere.ts';
import { readReport } from './source-report.ts';
import { temporalAccessOf } from './temporal-access.ts';
import { pingPlugin } from './tried-plugin.ts';

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
    ...notifiersOf(app.config).map((channel) => pingPlugin(`channel ${channel.name}`, () => loadNotifier(app, channel))),
    checkSpool(app),
    checkCameras(app),
    backupFindings(app, Date.now()),
  ]);
  return findings.flat();
}

async function checkTool(tool: MediaTool): Promise<Finding> {
  const version = await mediaToolVersion(tool);
  if (version !== undefined) return good(tool, version);
  return bad(tool, 'cannot be run', 'Install ffmpeg, which brings ffprobe: apt-get install ffmpeg, or brew install ffmpeg.');
}

async function checkTemporal(app: App): Promise<Finding> {
  const access = temporalAccessOf(app);
  if (!access.ok) return bad('Temporal', access.error.message, 'Correct the variable; clips wait in the spool meanwhile.');
  const fix = 'Start `homesec run`, or see that the server at temporal.address runs; clips wait in the spool meanwhile.';
  if (access.value === undefined) return bad('Temporal', 'not running, and no address is configured', fix);
  const { address, namespace } = access.value;
  const client = createTemporalClient(access.value);
  try {
    const { count } = await client.withDeadline(Date.now() + 3_000, () =>
      client.workflow.count('ClipStatus = "parked" AND ExecutionStatus = "Running"'),
    );
    if (count > 0)
      return attention(
        'Temporal',
        count === 1 ? '1 clip is parked' : `${count} clips are parked`,
        'See `homesec clips list --status parked`; then `homesec clips retry`.',
      );
    return good('Temporal', `${address}, namespace ${namespace}`);
  } catch (error) {
    return bad(
      'Temporal',
      `${address}: ${explainRefusal(error)}`,
      `${fix} A server of your own needs \`homesec setup-temporal\` once.`,
    );
  } finally {
    await client.connection.close();
  }
}

/** Whether it answers and has its tables. */
export async function checkPostgres(app: App, patience: Pick<PoolOptions, 'connectTimeoutMs'> = {}): Promise<Finding> {
  const { postgresDsn } = endpointsOf(app);
  const fix =
    'Start `homesec run`, or see that Postgres runs and the variable in state_store.dsn_env is right; events wait in Temporal meanwhile.';
  if (postgresDsn === undefined) return bad('Postgres', 'not running, and no DSN is set', fix);
  const pool = openPool(new Secret(postgresDsn), { max: 1, ...patience });
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

const checkStorage = (app: App): Promise<Finding> => pingPlugin('storage', () => loadStorage(app));

const checkDetector = async (app: App): Promise<Finding> =>
  unlessServedElsewhere(app, GPU_QUEUE, await pingPlugin('detector', () => loadFilter(app)));

async function checkAnalyzer(app: App): Promise<Finding> {
  if (app.config.vlm.run_mode === 'never') return good('vision-language model', 'off (vlm.run_mode: never)');
  return unlessServedElsewhere(app, VLM_QUEUE, await pingPlugin('vision-language model', () => loadAnalyzer(app)));
}

async function checkSpool({ folders, logger }: App): Promise<Finding[]> {
  const opened = await openSpool({ dir: folders.spool, role: 'observer', clock: systemClock, logger });
  if (!opened.ok)
    return [
      bad('spool', opened.error.message, 'The spool must be a folder that HomeSec may write to, on a local disk with room.'),
    ];
  const backlog = await opened.value.backlog();
  await opened.value.close();
  return spoolFindings(backlog, folders.spool);
}

async function checkCameras(app: App): Promise<Finding[]> {
  const { isRecording, sources } = await readReport(app);
  return enabledCameras(app.config).flatMap(({ name }) => cameraFindings(name, isRecording ? sources[name] : undefined));
}
