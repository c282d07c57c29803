import { join, resolve } from 'node:path';
import type { Environment } from './check-secrets.ts';

/** Where models lie when the owner chose a folder for all of HomeSec on this machine. */
const MODELS_VARIABLE = 'HOMESEC_MODELS_DIR';

/** @returns an absolute path when `dataDir` is one. */
export const modelsDirOf = (dataDir: string, environment: Environment): string =>
  environment[MODELS_VARIABLE] === undefined ? join(dataDir, 'models') : resolve(environment[MODELS_VARIABLE]);
