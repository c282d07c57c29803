import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { STAND_IN_MODEL } from '../../embedded/vlm-stand-in.ts';

export const DEMO_CAMERA = 'Front door';

interface DemoParts {
  /** Undefined: the configured service, by $OPENAI_API_KEY. */
  readonly standInUrl: string | undefined;
  /** Of the video, with its dot. */
  readonly extension: string;
}

/** The demo's household: one folder camera, everything else embedded. @returns the configuration file. */
export async function writeDemoConfiguration(
  dir: string,
  { standInUrl, extension }: DemoParts,
  environment = process.env,
): Promise<string> {
  await mkdir(join(dir, 'camera'), { recursive: true });
  const model = environment['OPENAI_MODEL'] ?? 'gpt-4o-mini';
  const baseUrl = environment['OPENAI_BASE_URL'];
  const service = {
    model,
    ...(baseUrl === undefined ? {} : { base_url: baseUrl }),
    ...(environment['OPENAI_API_KEY'] === undefined ? { api_key_env: null } : {}),
  };
  const standIn = { model: STAND_IN_MODEL, base_url: standInUrl, api_key_env: null };
  const configuration = {
    version: 1,
    data_dir: './data',
    cameras: [
      {
        name: DEMO_CAMERA,
        source: { backend: 'local_folder', config: { watch_dir: './camera', extensions: [extension], stability_threshold_s: 1 } },
      },
    ],
    storage: { backend: 'local', config: { root: './storage' } },
    filter: { backend: 'yolo', config: { model: 'centernet_mbv3', min_confidence: 0.4 } },
    vlm: { backend: 'openai', config: standInUrl === undefined ? service : standIn },
    alert_policy: { backend: 'default', config: { min_risk_level: 'low' } },
  };
  const file = join(dir, 'homesec.yaml');
  await writeFile(file, stringify(configuration), { mode: 0o600 });
  return file;
}

/** Whether a real model is to be had. */
export const hasModelService = (environment = process.env): boolean =>
  environment['OPENAI_API_KEY'] !== undefined || environment['OPENAI_BASE_URL'] !== undefined;
