import { readdir, readFile } from 'node:fs/promises';
import { processesIn } from '../homesec.ts';

export interface MemoryUse {
  readonly peakMiB: number;
  /** Of the process that lived longest: from the second quarter of its life to the last, medians. */
  readonly growthMiB: number;
  readonly peakFiles: number;
  readonly problems: readonly string[];
}

interface Sample {
  readonly pid: number;
  readonly memoryMiB: number;
  readonly files: number;
}

const EVERY_MS = 2_000;
/** An idle recorder takes about 130 MiB; sealing reads clips in small pieces. */
const LIMIT_MIB = 350;
const GROWTH_MIB = 60;
const FILES = 120;

/** Watches the memory (RSS) and open files of the recorder of a household. */
export function watchMemory(dir: string): { stop(): MemoryUse } {
  const samples: Sample[] = [];
  const timer = setInterval(() => void sample(dir).then((found) => samples.push(...found)), EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      return judge(samples);
    },
  };
}

async function sample(dir: string): Promise<Sample[]> {
  const pids = await processesIn(dir, 'main.ts record');
  const found = pids.map(async (pid) => {
    const [, kiB = '0'] = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
    return { pid, memoryMiB: Number(kiB) / 1_024, files: (await readdir(`/proc/${pid}/fd`)).length };
  });
  // It may be killed while we look.
  return Promise.all(found).catch(() => []);
}

function judge(samples: readonly Sample[]): MemoryUse {
  const lives = [...Map.groupBy(samples, ({ pid }) => pid).values()].toSorted((a, b) => b.length - a.length);
  const longest = lives[0]?.map(({ memoryMiB }) => memoryMiB) ?? [];
  const quarter = Math.floor(longest.length / 4);
  const growthMiB = median(longest.slice(-quarter)) - median(longest.slice(quarter, 2 * quarter));
  const peakMiB = Math.max(0, ...samples.map(({ memoryMiB }) => memoryMiB));
  const peakFiles = Math.max(0, ...samples.map(({ files }) => files));
  const problems = [
    ...(peakMiB > LIMIT_MIB ? [`the recorder takes ${Math.round(peakMiB)} MiB`] : []),
    ...(growthMiB > GROWTH_MIB ? [`the recorder has grown by ${Math.round(growthMiB)} MiB`] : []),
    ...(peakFiles > FILES ? [`the recorder has ${peakFiles} files open`] : []),
  ];
  return { peakMiB, growthMiB, peakFiles, problems };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
