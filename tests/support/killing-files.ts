import { truncate } from 'node:fs/promises';
import { type DurableFiles, durableFiles } from '../../src/spool/durable-files.ts';

/** The same disk, dying before an operation, or in the middle of one that writes. */
export function killingFiles(step: number): DurableFiles {
  let left = step;
  const isNow = (): boolean => {
    left -= 1;
    return left === 0;
  };
  const die = (): void => void process.kill(process.pid, 'SIGKILL');
  const before =
    <Args extends unknown[], Value>(operation: (...args: Args) => Promise<Value>) =>
    async (...args: Args): Promise<Value> => {
      if (isNow()) die();
      return operation(...args);
    };
  const tornText = (operation: DurableFiles['write']) => async (path: string, written: string) => {
    const dies = isNow();
    await operation(path, dies ? written.slice(0, written.length / 2) : written);
    if (dies) die();
  };
  return {
    write: tornText(durableFiles.write),
    append: tornText(durableFiles.append),
    rename: before(durableFiles.rename),
    link: before(durableFiles.link),
    remove: before(durableFiles.remove),
    settle: before(durableFiles.settle),
    syncFolder: before(durableFiles.syncFolder),
    async copy(from, to) {
      const dies = isNow();
      const copied = await durableFiles.copy(from, to);
      if (!dies) return copied;
      await truncate(to, Math.floor(copied.sizeBytes / 2));
      die();
      return copied;
    },
  };
}
