import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { processIdentitySchema } from '../kit/pid-file.ts';
import { identifyProcess, isAlive } from '../kit/process-identity.ts';
import { SOURCE_STATES, type SourceStatus } from '../plugins/spec/source.ts';
import type { App } from './app.ts';

const sourcesSchema = z.record(
  z.string(),
  z.object({
    state: z.enum(SOURCE_STATES),
    message: z.string().exactOptional(),
    problems: z.array(z.object({ path: z.string(), message: z.string(), since: z.string() })),
    connection: z
      .object({
        online: z.boolean(),
        since: z.string(),
        reconnects: z.number(),
        lastError: z.string().exactOptional(),
        notes: z.array(z.string()),
      })
      .exactOptional(),
  }),
);
const reportSchema = z.object({ writer: processIdentitySchema, sources: sourcesSchema });
/** What the sources of this machine say of themselves, by camera. */
export type SourceReport = Readonly<Record<string, SourceStatus>>;

const reportPath = (app: Pick<App, 'folders'>): string => join(app.folders.state, 'sources.json');
const LOOK_EVERY_MS = 2_000;

/** Keeps the report on disk up to date for other processes (`doctor`), until the app stops. */
export async function keepReporting(app: App, report: () => SourceReport): Promise<void> {
  let written = '';
  while (!app.signal.aborted) {
    const text = JSON.stringify({ writer: identifyProcess(process.pid), sources: report() });
    if (text !== written) written = await write(app, text);
    await delay(LOOK_EVERY_MS, undefined, { signal: app.signal }).catch(() => undefined);
  }
}

export interface LastReport {
  /** Whether the process that wrote it still records. */
  readonly isRecording: boolean;
  readonly sources: SourceReport;
}

/** The last report; an empty one when there was none or it cannot be read. */
export async function readReport(app: Pick<App, 'folders'>): Promise<LastReport> {
  try {
    const { writer, sources } = reportSchema.parse(JSON.parse(await readFile(reportPath(app), 'utf8')));
    return { isRecording: isAlive(writer), sources };
  } catch {
    return { isRecording: false, sources: {} };
  }
}

async function write(app: App, text: string): Promise<string> {
  try {
    await writeFile(`${reportPath(app)}.new`, text);
    await rename(`${reportPath(app)}.new`, reportPath(app));
    return text;
  } catch (error) {
    // A report is a convenience; recording goes on without it.
    app.logger.warn({ error: String(error) }, 'cannot write the report of the sources');
    return '';
  }
}
