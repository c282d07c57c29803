import { z } from 'zod';

/** A file extension as owners write it: `mp4`, `.MP4`; read as `.mp4`. */
export const fileExtensionSchema = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^\.?[a-z0-9]{1,8}$/, 'must be a file extension such as .mp4')
  .overwrite((text) => (text.startsWith('.') ? text : `.${text}`));
