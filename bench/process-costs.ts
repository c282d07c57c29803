import { readdirSync, readFileSync } from 'node:fs';

/** What a group of processes has used, from Linux' own books. */
export interface ProcessCosts {
  readonly cpuMs: number;
  /** Memory now; shared pages are divided among those who share them (PSS). */
  readonly memoryMiB: number;
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly cpuMs: number;
  readonly command: string;
}

/** /proc counts in hundredths of a second. */
const MS_PER_TICK = 10;

/**
 * Costs of a process and all its descendants, by group.
 * @param groupOf names the group of a command line; a process that it has no name for belongs to its parent's group.
 */
export function costsBelow(rootPid: number, groupOf: (command: string) => string | undefined): Map<string, ProcessCosts> {
  const all = listProcesses();
  const costs = new Map<string, ProcessCosts>();
  const visit = (process: Process, parentGroup: string): void => {
    const group = groupOf(process.command) ?? parentGroup;
    const { cpuMs, memoryMiB } = costs.get(group) ?? { cpuMs: 0, memoryMiB: 0 };
    costs.set(group, { cpuMs: cpuMs + process.cpuMs, memoryMiB: memoryMiB + memoryOf(process.pid) });
    for (const child of all) if (child.parent === process.pid) visit(child, group);
  };
  for (const process of all) if (process.pid === rootPid) visit(process, 'other');
  return costs;
}

const listProcesses = (): Process[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processOf(Number(name)) ?? []);

function processOf(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name stands in parentheses and may contain anything; what follows has fixed places: state, parent, ...
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [own = 0, ownSystem = 0, ended = 0, endedSystem = 0] = fields.slice(11, 15);
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return { pid, parent: fields[1] ?? 0, cpuMs: (own + ownSystem + ended + endedSystem) * MS_PER_TICK, command };
  } catch {
    // Ended while it was being read.
    return undefined;
  }
}

function memoryOf(pid: number): number {
  try {
    const [, kiB] = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
    return Number(kiB ?? 0) / 1024;
  } catch {
    return 0;
  }
}
