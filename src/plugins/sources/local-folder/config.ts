import { z } from 'zod';
import { fileExtensionSchema } from '../../../intake/file-extension.ts';

export const TAKES = ['link', 'copy', 'in_place'] as const;

export const localFolderConfigSchema = z.strictObject({
  watch_dir: z.string().trim().min(1).describe('Folder that finished videos are put into. It may appear later.'),
  extensions: z
    .array(fileExtensionSchema)
    .min(1)
    .default(['.mp4', '.mkv', '.mov', '.avi', '.ts'])
    .describe('Only files that end so are taken, in upper or lower case.'),
  recursive: z.boolean().default(false).describe('Also watch the folders below.'),
  stability_threshold_s: z
    .number()
    .nonnegative()
    .max(3_600)
    .default(3)
    .describe('A file is finished when size and modification time have not changed for so many seconds.'),
  poll_interval_s: z
    .number()
    .min(0.1)
    .max(3_600)
    .default(5)
    .describe('Look this often where no file events arrive, as on network shares.'),
  take: z
    .enum(TAKES)
    .default('link')
    .describe(
      '`link`: a hard link into the spool, or a copy where that is impossible; `copy`; `in_place`: use the file where it lies, which must then stay.',
    ),
});
