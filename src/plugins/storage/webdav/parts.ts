import { randomUUID } from 'node:crypto';
import type { StorageCall } from '../../spec/storage.ts';
import type { WebdavLink } from './webdav-link.ts';

/** The storage's own folder. */
export const PRIVATE_DIR = '.homesec';
export const PARTS_DIR = `${PRIVATE_DIR}/parts`;
/** An upload that is alive writes all the time, and no clock is wrong by so much for long. */
const ABANDONED_AFTER_MS = 24 * 3_600_000;

/** The name of a new file that is being written, not yet visible under any key. */
export const newPart = (): string => `${PARTS_DIR}/${randomUUID()}.part`;

/** Removes what killed uploads have left: WebDAV has no way to go on with them. */
export async function sweepParts(link: WebdavLink, call: StorageCall): Promise<void> {
  const listed = await link.askOf(call, (client, { signal }) => client.getDirectoryContents(PARTS_DIR, { signal }));
  for (const { filename, lastmod } of listed ?? []) {
    const isOld = Date.now() - Date.parse(lastmod) > ABANDONED_AFTER_MS;
    if (isOld) await link.askOf(call, (client, { signal }) => client.deleteFile(filename, { signal }));
  }
}
