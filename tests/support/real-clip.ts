import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type MadeClip, makeClip } from './made-clip.ts';

const FOOTAGE = resolve(import.meta.dirname, '../../../shared/footage/one-by-one-person-detection.mp4');

/** A recording with a person in it where there is one on this machine, else a made clip. */
export const realClip = async (dir: string): Promise<MadeClip> =>
  existsSync(FOOTAGE) ? { path: FOOTAGE, durationMs: 139_400 } : await makeClip(dir);
