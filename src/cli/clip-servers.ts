import type { ClipId } from '../domain/ids.ts';
import { planOf } from '../runtime/compose.ts';
import { readmitClip } from '../runtime/household-spool.ts';
import { type CommonOptions, openApp } from './open-app.ts';
import { openStateStore, openTemporal } from './open-servers.ts';

/** All that a command about clips speaks to. */
export async function openClipServers(options: CommonOptions) {
  const app = await openApp(options);
  const [store, temporal] = [openStateStore(app), openTemporal(app)];
  return {
    client: temporal.client,
    repository: store.repository,
    readmit: (clipId: ClipId) => readmitClip(app, clipId),
    plan: planOf(app.config),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await temporal[Symbol.asyncDispose]();
    },
  };
}
