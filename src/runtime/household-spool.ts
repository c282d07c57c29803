import type { ClipId } from '../domain/ids.ts';
import { systemClock } from '../kit/clock.ts';
import { openSpool } from '../spool/spool.ts';
import type { App } from './app.ts';

/** Opens a clip again that this machine's spool has set aside. False when it has no such clip, or cannot be read. */
export async function readmitClip({ folders, logger }: Pick<App, 'folders' | 'logger'>, clipId: ClipId): Promise<boolean> {
  const opened = await openSpool({ dir: folders.spool, role: 'observer', clock: systemClock, logger });
  if (!opened.ok) return false;
  try {
    return await opened.value.readmit(clipId);
  } finally {
    await opened.value.close();
  }
}
