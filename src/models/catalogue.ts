import type { z } from 'zod';
import type { modelManifestSchema } from '../inference/model-manifest.ts';
import type { InputSize } from './centernet.ts';

/** A tarball of the npm registry that is configured on this machine, and the graph model inside it. */
export interface NpmSource {
  readonly kind: 'npm';
  readonly package: string;
  readonly version: string;
  /** As in a lockfile; checked before anything is unpacked. */
  readonly integrity: `sha512-${string}`;
  readonly sizeBytes: number;
  /** Paths inside the tarball. */
  readonly modelJson: string;
  readonly weights: string;
  readonly inputSize: InputSize;
}

/** An ONNX file of an official release. */
export interface HttpsSource {
  readonly kind: 'https';
  readonly url: string;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly sizeBytes: number;
}
export type ModelSource = NpmSource | HttpsSource;

export interface CatalogueEntry {
  readonly id: string;
  readonly title: string;
  /** For whom it is the right one. */
  readonly advice: string;
  /** As stated by its owners, with what is not stated. Shown to users and kept in the manifest. */
  readonly license: string;
  readonly source: ModelSource;
  readonly interface: Pick<z.input<typeof modelManifestSchema>, 'input' | 'output'>;
}

const CENTERNET_SIZE: InputSize = { width: 512, height: 288 };

/** Megvii's exports: BGR 0..255, no normalisation; any multiple of 32 works once the input's size is set. */
const yolox = (side: number): CatalogueEntry['interface'] => ({
  input: { width: side, height: side, layout: 'nchw', dtype: 'float32', channels: 'bgr', padding: 'top_left', rectangular: true },
  output: { decoder: 'yolox' },
});
const yoloxRelease = (file: string): string => `https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0/${file}`;
const YOLOX_LICENSE = 'Apache-2.0 (Megvii, YOLOX)';

/** The models that HomeSec knows how to get, the default first. It ships none of them. */
export const MODEL_CATALOGUE: readonly CatalogueEntry[] = [
  {
    id: 'centernet_mbv3',
    title: 'CenterNet, MobileNetV3 0.75, 512 x 288',
    advice: 'The default: needs nothing but the npm registry. Finds fewer small and distant people than YOLOX.',
    license:
      'MIT as stated by the npm package @vladmandic/human; the upstream repository github.com/610265158/mobilenetv3_centernet states no licence',
    source: {
      kind: 'npm',
      package: '@vladmandic/human',
      version: '3.3.6',
      integrity: 'sha512-Nr5mPfq1gQ+uKeXY5uM3Fj8UxvF5CEh2s6txM5wRThqaW0mF9huooOuZSrT8hhGho0hGaXLFdAwfD/2+teCv6A==',
      sizeBytes: 28_615_417,
      modelJson: 'package/models/centernet.json',
      weights: 'package/models/centernet.bin',
      inputSize: CENTERNET_SIZE,
    },
    interface: {
      input: { ...CENTERNET_SIZE, layout: 'nhwc', dtype: 'uint8', channels: 'rgb', padding: 'top_left' },
      output: { decoder: 'centernet' },
    },
  },
  {
    id: 'yolox_nano',
    title: 'YOLOX-nano, up to 416 x 416',
    advice: 'The fastest, and better at people than the default.',
    license: YOLOX_LICENSE,
    source: {
      kind: 'https',
      url: yoloxRelease('yolox_nano.onnx'),
      sha256: 'c789161ed43c8269fcd4e67c67eeeb4e80c622da2eb296a20bc6007bd18a0b7d',
      sizeBytes: 3_659_407,
    },
    interface: yolox(416),
  },
  {
    id: 'yolox_tiny',
    title: 'YOLOX-tiny, up to 416 x 416',
    advice: 'The better choice for most machines.',
    license: YOLOX_LICENSE,
    source: {
      kind: 'https',
      url: yoloxRelease('yolox_tiny.onnx'),
      sha256: '427cc366d34e27ff7a03e2899b5e3671425c262ea2291f88bb942bc1cc70b0f7',
      sizeBytes: 20_219_662,
    },
    interface: yolox(416),
  },
  {
    id: 'yolox_s',
    title: 'YOLOX-s, up to 640 x 640',
    advice: 'The most accurate of these, for a strong CPU or a GPU.',
    license: YOLOX_LICENSE,
    source: {
      kind: 'https',
      url: yoloxRelease('yolox_s.onnx'),
      sha256: 'c5c2d13e59ae883e6af3b45daea64af4833a4951c92d116ec270d9ddbe998063',
      sizeBytes: 35_858_002,
    },
    interface: yolox(640),
  },
];

/** What a manifest says about its origin. */
export function describeSource(source: ModelSource): string {
  if (source.kind === 'https') return source.url;
  const { width, height } = source.inputSize;
  return `npm ${source.package}@${source.version} ${source.modelJson}, converted to ONNX for ${width} x ${height} (converter 1)`;
}
