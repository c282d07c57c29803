import { createHash } from 'node:crypto';
import { cameraSlug } from '../domain/ids.ts';

/** The name of a folder for what a source keeps of one camera. Names that differ only in signs have the same slug. */
export const cameraFolderName = (backend: string, cameraName: string): string =>
  `${backend}-${cameraSlug(cameraName)}-${createHash('sha256').update(cameraName).digest('hex').slice(0, 12)}`;
