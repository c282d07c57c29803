import { listBackups } from '../backup/backup-folder.ts';
import { attention, bad, good } from '../kit/findings.ts';
import { sizeInWords } from '../kit/size-in-words.ts';
import type { Finding } from '../plugins/spec/finding.ts';
import type { App } from './app.ts';
import { backupDirOf } from './backup.ts';

const HOUR_MS = 3_600_000;
/** One turn may have been missed: the machine was off. */
const TURNS_TO_WORRY = 2;

/** Whether backups come as they should; nothing where none are wanted. */
export async function backupFindings(app: Pick<App, 'config' | 'folders'>, nowMs: number): Promise<Finding[]> {
  const { enabled, every_h: everyH } = app.config.backup;
  if (!enabled) return [];
  const dir = backupDirOf(app);
  const fix =
    'Make one with `homesec backup now`, which says what is wrong. On another machine than that of `worker pipeline`, look there.';
  try {
    const [newest] = await listBackups(dir);
    if (newest === undefined) return [attention('backups', `none in ${dir}`, fix)];
    const told = `${newest.path}, ${sizeInWords(newest.sizeBytes)}`;
    const isOld = Date.parse(newest.madeAt) < nowMs - TURNS_TO_WORRY * everyH * HOUR_MS;
    return [isOld ? attention('backups', `the newest is ${told}`, fix) : good('backups', told)];
  } catch (error) {
    return [
      bad(
        'backups',
        `${dir}: ${error instanceof Error ? error.message : String(error)}`,
        'See that the folder of backup.dir can be read.',
      ),
    ];
  }
}
