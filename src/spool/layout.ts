import { join } from 'node:path';
import type { ClipId } from '../domain/ids.ts';

/** Where everything lies below the spool's folder. The operator's guide describes the same in `docs/guide/spool.md`. */
export interface SpoolLayout {
  readonly dir: string;
  readonly hostFile: string;
  readonly locks: string;
  /** Recordings in progress, owned by the sources. */
  readonly scratch: string;
  /** Small files of the sources. */
  readonly state: string;
  /** Clips on their way in: `<clipId>.part` and, once the bytes are complete, `<clipId>.json`. */
  readonly sealing: string;
  /** Bytes of sealed clips. */
  readonly media: string;
  /** Pictures of clips, `<clipId>.jpg`, for those that have one. They go with the bytes. */
  readonly snapshots: string;
  readonly open: string;
  readonly refused: string;
  readonly released: string;
  /** Markers being written, a folder for each role so that each can clear its own at start. */
  readonly moving: string;
  /** What could not be understood, kept for a person to look at. */
  readonly broken: string;
  /** Ids of finished clips, a file for each month, for ever. */
  readonly finished: string;
}

export function spoolLayout(dir: string): SpoolLayout {
  return {
    dir,
    hostFile: join(dir, 'host.json'),
    locks: join(dir, 'locks'),
    scratch: join(dir, 'scratch'),
    state: join(dir, 'state'),
    sealing: join(dir, 'sealing'),
    media: join(dir, 'media'),
    snapshots: join(dir, 'snapshots'),
    open: join(dir, 'open'),
    refused: join(dir, 'refused'),
    released: join(dir, 'released'),
    moving: join(dir, 'moving'),
    broken: join(dir, 'broken'),
    finished: join(dir, 'finished'),
  };
}

/** All folders, for creating them. */
export function foldersOf(layout: SpoolLayout): string[] {
  const { dir, hostFile: _file, ...below } = layout;
  return [dir, ...Object.values(below)];
}

export const markerName = (clipId: ClipId): string => `${clipId}.json`;

/** The bytes of a clip that the spool owns. @param extension with its dot, or empty. */
export const mediaPath = (layout: SpoolLayout, clipId: ClipId, extension: string): string =>
  join(layout.media, `${clipId}${extension}`);

export const snapshotPath = (layout: SpoolLayout, clipId: ClipId): string => join(layout.snapshots, `${clipId}.jpg`);
