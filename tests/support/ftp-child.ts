import { systemClock } from '../../src/kit/clock.ts';
import { createFtpSource } from '../../src/plugins/sources/ftp/ftp-source.ts';
import { ftpSource } from '../../src/plugins/sources/ftp/index.ts';
import { createServerPool } from '../../src/plugins/sources/ftp/server-pool.ts';
import { durableFiles } from '../../src/spool/durable-files.ts';
import { openSpool } from '../../src/spool/spool.ts';
import { killingFiles } from './killing-files.ts';
import { createTestContext } from './plugin-context.ts';
import { valueOf } from './value-of.ts';

/** A camera host with one FTP camera as a process of its own, for killing. Says `ready` when it can be uploaded to. */
export interface FtpChildTask {
  readonly spoolDir: string;
  readonly config: object;
  /** Kills itself just before the operation of this number on the spool's disk; none for 0. */
  readonly killAtStep: number;
}

const [text = '{}'] = process.argv.slice(2);
// The test that starts this process wrote it.
const task = JSON.parse(text) as FtpChildTask;
const context = createTestContext({ cameraName: 'Front Door', secrets: { FRONT: 'secret' } });
const files = task.killAtStep === 0 ? durableFiles : killingFiles(task.killAtStep);
const options = { dir: task.spoolDir, role: 'recorder', clock: systemClock, logger: context.logger, files } as const;
const spool = valueOf(await openSpool(options));
const source = createFtpSource(ftpSource.configSchema.parse(task.config), context, createServerPool());
await source.start(spool.sink());
process.stdout.write('ready\n');
