import { join } from 'node:path';
import { type EmbeddedStack, type EmbeddedStackOptions, openEmbeddedStack } from '../../src/embedded/embedded-stack.ts';

/** An embedded stack that keeps to its data dir, also where root's Postgres cannot run from the checkout. */
export const openStack = (options: EmbeddedStackOptions): Promise<EmbeddedStack> =>
  openEmbeddedStack({ systemDir: join(options.dataDir, 'system'), ...options });
