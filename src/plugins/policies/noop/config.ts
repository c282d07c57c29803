import { z } from 'zod';

/** No settings. */
export const noopPolicyConfigSchema = z.strictObject({});
