/**
 * Where storage keeps the picture of a clip: `clips/yard/2026-11-23/<clipId>.mp4` gives `snapshots/yard/2026-11-23/<clipId>-1f3a5c7e.jpg`.
 * @param sha256 of the picture, so that another one of the same clip, as another model's, gets a place of its own.
 */
export function snapshotKeyOf(storageKey: string, sha256: string): string {
  const inClips = storageKey.startsWith(CLIPS) ? storageKey.slice(CLIPS.length) : storageKey;
  return `snapshots/${inClips.replace(/\.[^./]*$/, '')}-${sha256.slice(0, 8)}.jpg`;
}

const CLIPS = 'clips/';
