import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHostActivities } from '../../activities/index.ts';
import { createPace } from '../../src/kit/pace.ts';
import { dropboxStorage } from '../../src/plugins/storage/dropbox/index.ts';
import { createHostWorker } from '../../workers/queue-workers.ts';
import { type ClipWorld, openClipWorld } from '../support/clip-world.ts';
import { DROPBOX_SECRETS, type DropboxServer, openDropboxServer } from '../support/dropbox-server/dropbox-server.ts';
import { createTestContext } from '../support/plugin-context.ts';
import { stack } from '../support/stack.ts';

const CHUNK_BYTES = 4 << 20;
const APPEND = '/2/files/upload_session/append_v2';

let world: ClipWorld;
let server: DropboxServer;
let folder: string;
beforeAll(async () => {
  [world, server, folder] = await Promise.all([
    openClipWorld(),
    openDropboxServer(),
    mkdtemp(join(tmpdir(), 'homesec-upload-progress-')),
  ]);
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** A host worker of its own, with a real storage. */
async function openHost() {
  const id = randomUUID();
  const connection = await NativeConnection.connect({ address: stack.temporalAddress });
  const urls = { api_url: server.url, content_url: server.url };
  const config = dropboxStorage.configSchema.parse({ chunk_size_bytes: CHUNK_BYTES, ...urls });
  const storage = await dropboxStorage.create(config, createTestContext({ secrets: DROPBOX_SECRETS, tempDir: folder }));
  const activities = createHostActivities({
    storage,
    storageBackend: 'dropbox',
    pace: createPace(undefined),
    release: async () => undefined,
    prune: () => undefined,
  });
  const worker = await createHostWorker({ connection, namespace: world.client.options.namespace }, activities, {
    id,
    uploads: 2,
  });
  const running = worker.run();
  const close = async () => {
    worker.shutdown();
    await running;
    await connection.close();
  };
  return { id, [Symbol.asyncDispose]: close };
}

test('an upload that fails twice on its way sends nothing again that is there, and both failures are told', async () => {
  // Given a connection that breaks in the second chunk, and a server that refuses the fourth
  await using host = await openHost();
  const bytes = Buffer.alloc(5 * CHUNK_BYTES, 'footage');
  const path = join(folder, 'clip.mp4');
  await writeFile(path, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  server.faults.plan(APPEND, { do: 'cut', afterBytes: CHUNK_BYTES / 2 }, { skip: 1 });
  server.faults.plan(APPEND, { do: 'answer', status: 503 }, { skip: 2 });
  const clip = await world.newClip({ hostId: host.id, path, sizeBytes: bytes.length, sha256 });
  // When
  await world.start(clip);
  // Then
  await world.seen(clip, 'upload_completed');
  const ofUpload = world.events.filter(({ eventType }) => /^upload_(failed|completed)$/.test(eventType));
  expect(ofUpload).toMatchObject([
    { eventType: 'upload_failed', attempt: 1, errorCode: 'STORAGE_UNREACHABLE' },
    { eventType: 'upload_failed', attempt: 2, errorCode: 'STORAGE_UNREACHABLE' },
    { eventType: 'upload_completed', attempt: 3 },
  ]);
  expect(server.requests.filter((request) => request.endsWith('/start')).length).toBe(1);
  expect(server.receivedBytes).toBeLessThan(bytes.length + 2 * CHUNK_BYTES);
  expect(server.files.paths).toEqual([`/${clip.storageKey}`]);
}, 120_000);
