import { formatIssue } from '../../src/config/issue.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createConfigFolder, createSmallRegistry, SMALL_CONFIG } from './config-file.ts';

interface Loaded {
  readonly codes: readonly string[];
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Loads a text as a file of its own and gives the problems and warnings as the owner sees them. */
export async function load(text: string, environment: Record<string, string> = {}): Promise<Loaded> {
  await using place = await createConfigFolder();
  const result = await loadConfig(await place.write('homesec.yaml', text), createSmallRegistry(), environment);
  if (result.ok) return { codes: [], problems: [], warnings: result.value.warnings.map(formatIssue) };
  const { problems, warnings } = result.error;
  return { codes: problems.map(({ code }) => code), problems: problems.map(formatIssue), warnings: warnings.map(formatIssue) };
}

/** The small valid configuration with one passage replaced. */
export function changed(before: string, after: string): string {
  if (!SMALL_CONFIG.includes(before)) throw new Error(`not in the configuration: ${before}`);
  return SMALL_CONFIG.replace(before, after);
}
