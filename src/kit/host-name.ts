import { z } from 'zod';

/** In a config: where a server is, by name or by address. What looks like an address with its port, or a URL, is a misunderstanding. */
export const hostName = z
  .string()
  .trim()
  .min(1)
  .refine((text) => !/[\s/]|^[^:]+:\d*$/.test(text), {
    error: 'must be a name or an address alone, without scheme and port',
  });
