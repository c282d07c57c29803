/** Opens a folder for copies, as a worker does, puts one there, tells its path and lives on. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCopiesFolder } from '../../src/runtime/copies-folder.ts';

const temp = process.argv[2] ?? '';
const { dir } = await openCopiesFolder({ folders: { data: temp, spool: temp, models: temp, temp, state: temp } });
const copy = join(dir, 'clip.mp4');
writeFileSync(copy, 'bytes');
process.stdout.write(copy);
setInterval(() => undefined, 60_000);
