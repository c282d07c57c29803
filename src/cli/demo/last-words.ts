import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const lineSchema = z.looseObject({ time: z.string(), level: z.string(), msg: z.string().default('') });

const LINES = 8;

interface Complaint {
  readonly time: string;
  readonly text: string;
}

/** The last warnings and errors in the logs of a folder, and what crashes wrote, as lines for people, oldest first. */
export async function lastWords(folder: string): Promise<string[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.log'));
  const complaints = await Promise.all(files.map(async (name) => complaintsIn(name, await readFile(join(folder, name), 'utf8'))));
  return complaints
    .flat()
    .toSorted((a, b) => a.time.localeCompare(b.time))
    .slice(-LINES)
    .map(({ text }) => text);
}

function complaintsIn(name: string, log: string): Complaint[] {
  const complaints: Complaint[] = [];
  let last = '';
  for (const line of log.split('\n')) {
    const parsed = lineSchema.safeParse(parseJson(line));
    if (parsed.success) {
      const { time, level, msg, ...details } = parsed.data;
      last = time;
      if (level === 'warn' || level === 'error')
        complaints.push({ time, text: `${name}: ${level}: ${msg} ${JSON.stringify(details)}` });
    } else if (/^\S/.test(line)) {
      // A crash is no JSON and has no time; the frames of its stack are indented.
      complaints.push({ time: last, text: `${name}: ${line}` });
    }
  }
  return complaints;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
