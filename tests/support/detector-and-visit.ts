import { readFile } from 'node:fs/promises';
import { footage, type MediaFolder, makeMedia, sharedYolox } from './test-media.ts';
import { installReddestModel, installTestModel, reddestManifest, sha256Of } from './tiny-model.ts';

export interface DetectorAndVisit {
  /** The id of a model that lies in `modelsDir`. */
  readonly model: string;
  readonly modelsDir: string;
  /** A short video of a person, as that model sees it. */
  readonly visit: string;
}

/** A real detector with real footage where both lie beside the checkout; else a tiny network and a red picture that it takes for a person. */
export async function detectorAndVisit(media: MediaFolder): Promise<DetectorAndVisit> {
  const [yolox, people] = [sharedYolox(), footage('one-by-one-person-detection.mp4')];
  const modelsDir = media.file('models');
  if (yolox === undefined || people === undefined) {
    await installReddestModel(modelsDir);
    return { model: 'reddest', modelsDir, visit: await media.clip('visit.mp4', 'color=red:d=4:r=10:s=320x180') };
  }
  const bytes = await readFile(yolox);
  const manifest = {
    ...reddestManifest(bytes),
    ...{ id: 'yolox_nano_test', file: 'yolox.onnx', sha256: sha256Of(bytes), output: { decoder: 'yolox' } as const },
    input: {
      ...({ width: 416, height: 416, layout: 'nchw', dtype: 'float32', channels: 'bgr' } as const),
      ...({ padding: 'top_left', rectangular: true } as const),
    },
  };
  await installTestModel(modelsDir, manifest, bytes);
  const visit = media.file('visit.mp4');
  await makeMedia(['-ss', '8', '-i', people, '-t', '4', '-an', '-preset', 'ultrafast', visit]);
  return { model: manifest.id, modelsDir, visit };
}
