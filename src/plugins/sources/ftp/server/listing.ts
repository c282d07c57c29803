/** What a camera may know of a file or folder of its own. */
export interface Entry {
  readonly name: string;
  readonly isFolder: boolean;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/** As `ls -l` writes it, which is what clients expect of LIST. Times in UTC. */
export function formatListLine({ name, isFolder, sizeBytes, modifiedMs }: Entry): string {
  const at = new Date(modifiedMs);
  const day = String(at.getUTCDate()).padStart(2);
  const time = at.toISOString().slice(11, 16);
  const size = String(sizeBytes).padStart(12);
  return `${isFolder ? 'drwx' : '-rw-'}------ 1 camera camera ${size} ${MONTHS[at.getUTCMonth()]} ${day} ${time} ${name}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** RFC 3659, 7.2. */
export function formatFacts({ name, isFolder, sizeBytes, modifiedMs }: Entry): string {
  return `type=${isFolder ? 'dir' : 'file'};size=${sizeBytes};modify=${formatTime(modifiedMs)}; ${name}`;
}

/** `20261126004120`, in UTC (RFC 3659, 2.3). */
export const formatTime = (atMs: number): string => new Date(atMs).toISOString().replaceAll(/[-:T]|\.\d+Z$/g, '');
