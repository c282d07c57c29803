import { type FSWatcher, watch } from 'node:fs';
import { type ClipId, isClipId } from '../domain/ids.ts';
import type { Logger } from '../plugins/spec/plugin.ts';
import { clipIdsIn } from './marker-store.ts';

export interface OpenWatch {
  close(): void;
}

export interface OpenListener {
  /** A marker appeared, or perhaps just left: look before acting. Repeats are to be expected. */
  onOpened(clipId: ClipId): void;
  /** All that are open, oldest first: at the start and now and then. */
  onListed(clipIds: readonly ClipId[]): void;
}

interface WatchOptions {
  readonly folder: string;
  readonly logger: Logger;
  /** Lists this often, for disks and containers that send no events. */
  readonly pollIntervalMs: number;
  readonly listener: OpenListener;
}

/** Tells of markers, whichever process sealed them: within milliseconds where the system sends file events. */
export function watchOpen({ folder, logger, pollIntervalMs, listener }: WatchOptions): OpenWatch {
  let isClosed = false;
  const list = async (): Promise<void> => {
    try {
      const clipIds = await clipIdsIn(folder);
      if (!isClosed) listener.onListed(clipIds);
    } catch (cause) {
      logger.warn({ err: cause, folder }, 'the spool cannot be read; looking again');
    }
  };
  const watcher = watchFolder(folder, logger, (name) => {
    const clipId = name.replace(/\.json$/, '');
    if (!isClosed && name.endsWith('.json') && isClipId(clipId)) listener.onOpened(clipId);
  });
  let timer = setTimeout(function again() {
    void list().finally(() => {
      if (!isClosed) timer = setTimeout(again, pollIntervalMs);
    });
  }, 0);
  return {
    close() {
      isClosed = true;
      clearTimeout(timer);
      watcher?.close();
    },
  };
}

/** undefined where the system has no watches to give: polling does it then. */
function watchFolder(folder: string, logger: Logger, onName: (name: string) => void): FSWatcher | undefined {
  const complain = (cause: unknown): void => logger.warn({ err: cause, folder }, 'no file events for the spool; polling instead');
  try {
    const watcher = watch(folder, (_event, name) => {
      if (name !== null) onName(name);
    });
    return watcher.on('error', complain);
  } catch (cause) {
    complain(cause);
    return undefined;
  }
}
