import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const lineSchema = z.looseObject({ time: z.string(), level: z.enum(['warn', 'error', 'fatal']), msg: z.string().default('') });

const LINES = 8;

/** The last warnings and errors in the logs of a folder, as lines for people, oldest first. */
export async function lastWords(folder: string): Promise<string[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.log'));
  const lines = await Promise.all(files.map((name) => complaintsIn(folder, name)));
  return lines
    .flat()
    .toSorted((a, b) => (a.time < b.time ? -1 : 1))
    .slice(-LINES)
    .map(({ text }) => text);
}

async function complaintsIn(folder: string, name: string): Promise<{ time: string; text: string }[]> {
  const text = await readFile(join(folder, name), 'utf8');
  return text.split('\n').flatMap((line) => {
    const parsed = lineSchema.safeParse(parseJson(line));
    if (!parsed.success) return [];
    const { time, level, msg, ...details } = parsed.data;
    return [{ time, text: `${name}: ${level}: ${msg} ${JSON.stringify(details)}` }];
  });
}

/** What a crashing process wrote is no JSON. */
function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
