import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localStorage } from '../../src/plugins/storage/local/index.ts';
import { MemoryStorage } from '../fakes/memory-storage.ts';
import { createTestContext } from '../support/plugin-context.ts';
import { describeStorage } from './storage.contract.ts';

describeStorage('local', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'homesec-local-storage-'));
  const config = localStorage.configSchema.parse({ root: join(folder, 'root') });
  const storage = localStorage.create(config, createTestContext({ stateDir: folder }));
  return { storage, backend: 'local', dispose: () => rm(folder, { recursive: true }) };
});

describeStorage('memory', async () => ({ storage: new MemoryStorage(), backend: 'memory', dispose: async () => {} }));
