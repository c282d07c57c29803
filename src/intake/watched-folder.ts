import type { Logger } from '../plugins/spec/plugin.ts';
import type { SourceStatus } from '../plugins/spec/source.ts';
import { createFolderEvents } from './folder-events.ts';
import { type Listing, type ListOptions, listFolder } from './list-folder.ts';

/** The folder as it is or is not there, with its file events while it is. */
export interface WatchedFolder {
  /** undefined while the folder is away. */
  look(): Promise<Listing | undefined>;
  status(): Pick<SourceStatus, 'state' | 'message'>;
  close(): void;
}

interface WatchedFolderOptions {
  readonly listing: ListOptions;
  readonly cameraName: string;
  readonly logger: Logger;
  /** Something happened to this path. */
  readonly onEvent: (path: string) => void;
}

export function createWatchedFolder({ listing, cameraName, logger, onEvent }: WatchedFolderOptions): WatchedFolder {
  const events = createFolderEvents(onEvent);
  const fields = { camera_name: cameraName, watch_dir: listing.watchDir };
  let status: Pick<SourceStatus, 'state' | 'message'> = { state: 'starting' };
  return {
    async look() {
      try {
        const seen = await listFolder(listing);
        if (status.state !== 'watching') logger.info(fields, 'watching a folder');
        status = { state: 'watching' };
        events.follow(seen.folders);
        return seen;
      } catch (cause) {
        if (status.state !== 'offline') logger.warn({ ...fields, err: cause }, 'a watched folder is away');
        status = { state: 'offline', message: cause instanceof Error ? cause.message : String(cause) };
        events.follow([]);
        return undefined;
      }
    },
    status: () => status,
    close() {
      events.close();
      status = { state: 'stopped' };
    },
  };
}
