import * as ort from 'onnxruntime-node';
import { parseTfjsGraph } from '../../src/models/tfjs-graph.ts';
import { convertTfjsToOnnx } from '../../src/models/tfjs-to-onnx.ts';

/** GraphDef attributes in the JSON form of TensorFlow.js: base64 strings, int64 as strings. */
export const attr = {
  ints: (...values: number[]) => ({ list: { i: values.map(String) } }),
  text: (value: string) => ({ s: Buffer.from(value).toString('base64') }),
  texts: (...values: string[]) => ({ list: { s: values.map((value) => Buffer.from(value).toString('base64')) } }),
  int: (value: number) => ({ i: String(value) }),
  float: (value: number) => ({ f: value }),
  flag: (value: boolean) => ({ b: value }),
  type: (value: string) => ({ type: value }),
};

export interface TinyNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: Readonly<Record<string, object>>;
}
export interface TinyConstant {
  readonly dtype: 'float32' | 'int32';
  readonly shape: readonly number[];
  readonly values: readonly number[];
}
export interface TinyModel {
  readonly nodes: readonly TinyNode[];
  readonly constants?: Readonly<Record<string, TinyConstant>>;
}

export const floats = (shape: readonly number[], values: readonly number[]): TinyConstant => ({
  dtype: 'float32',
  shape,
  values,
});
export const ints = (shape: readonly number[], values: readonly number[]): TinyConstant => ({ dtype: 'int32', shape, values });

/** `model.json` and weights of a hand-made graph whose picture is the node `picture`. */
export function createTfjsModel({ nodes, constants = {} }: TinyModel): { json: unknown; weights: Uint8Array } {
  const named = Object.entries(constants);
  const buffers = named.map(([, { dtype, values }]) =>
    Buffer.from((dtype === 'float32' ? Float32Array.from(values) : Int32Array.from(values)).buffer),
  );
  const json = {
    format: 'graph-model',
    modelTopology: {
      node: [{ name: 'picture', op: 'Placeholder' }, ...named.map(([name]) => ({ name, op: 'Const' })), ...nodes],
    },
    weightsManifest: [{ paths: ['w.bin'], weights: named.map(([name, { dtype, shape }]) => ({ name, dtype, shape })) }],
  };
  return { json, weights: Buffer.concat(buffers) };
}

/** Converts a hand-made graph for one picture size. */
export function convertTinyModel(model: TinyModel, output: string, size = { width: 2, height: 2 }): Uint8Array {
  const { json, weights } = createTfjsModel(model);
  return convertTfjsToOnnx(parseTfjsGraph(json, weights), {
    inputWidth: size.width,
    inputHeight: size.height,
    outputs: [{ name: output }],
  });
}

/** Runs an ONNX model on one picture of [1, height, width, 3] bytes and gives its first output. */
export async function runOnnx(
  model: Uint8Array,
  pixels: readonly number[],
  size = { width: 2, height: 2 },
): Promise<{ dims: readonly number[]; values: number[] }> {
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const image = new ort.Tensor('uint8', Uint8Array.from(pixels), [1, size.height, size.width, 3]);
  const output = Object.values(await session.run({ image }))[0];
  await session.release();
  if (!(output?.data instanceof Float32Array)) throw new Error('the output is not float');
  return { dims: output.dims, values: [...output.data] };
}
