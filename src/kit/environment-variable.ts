import { z } from 'zod';

/** In a config: the name of an environment variable, never the value itself. */
export const environmentVariable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable')
  .describe('Name of an environment variable, never the value itself.');
