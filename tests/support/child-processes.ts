import { readdir, readFile } from 'node:fs/promises';

/** Process ids of our living children whose command line contains `words`. Linux only, as are these tests. */
export async function childProcesses(words: string): Promise<number[]> {
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger);
  const found = await Promise.all(pids.map(async (pid) => ((await isOurs(pid, words)) ? [pid] : [])));
  return found.flat();
}

async function isOurs(pid: number, words: string): Promise<boolean> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state !== 'Z' && Number(parent) === process.pid && (await readFile(`/proc/${pid}/cmdline`, 'utf8')).includes(words);
  } catch {
    // It ended while we looked.
    return false;
  }
}
