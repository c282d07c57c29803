import type { Activities } from '../src/domain/activities.ts';
import type { ClipId } from '../src/domain/ids.ts';

export interface ReleaseDeps {
  readonly release: (clipId: ClipId, released: { readonly uploaded: boolean }) => Promise<void>;
  /** Makes room when the spool holds more than the owner allows; a failure there never holds up a clip. */
  readonly prune: () => void;
}

export function createReleaseClip({ release, prune }: ReleaseDeps): Activities['releaseClip'] {
  return async ({ clipId, uploaded }) => {
    await release(clipId, { uploaded });
    prune();
  };
}
