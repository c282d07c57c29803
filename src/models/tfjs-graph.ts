import { z } from 'zod';
import { dequantise, weightSchema } from './tfjs-weights.ts';

/**
 * A TensorFlow.js graph model (`model.json`), as tfjs-converter writes it: a GraphDef in protobuf's JSON form, where
 * int64 are strings and bytes are base64, and one manifest of weights.
 */
const attributeSchema = z.looseObject({
  i: z.coerce.number().optional(),
  f: z.number().optional(),
  b: z.boolean().optional(),
  s: z.string().optional(),
  type: z.string().optional(),
  list: z.looseObject({ i: z.array(z.coerce.number()).optional(), s: z.array(z.string()).optional() }).optional(),
});
const nodeSchema = z.looseObject({
  name: z.string(),
  op: z.string(),
  input: z.array(z.string()).default([]),
  attr: z.record(z.string(), attributeSchema).default({}),
});
const tfjsModelSchema = z.looseObject({
  format: z.literal('graph-model'),
  modelTopology: z.looseObject({ node: z.array(nodeSchema) }),
  weightsManifest: z.array(z.looseObject({ paths: z.array(z.string()), weights: z.array(weightSchema) })),
});

export type TfjsNode = z.infer<typeof nodeSchema>;
/** A constant of the graph. Integers and booleans are kept as plain numbers. */
export interface TfjsConstant {
  readonly type: 'float' | 'int64';
  readonly dims: readonly number[];
  readonly values: ArrayLike<number>;
}
export interface TfjsGraph {
  readonly nodes: ReadonlyMap<string, TfjsNode>;
  readonly constants: ReadonlyMap<string, TfjsConstant>;
}

/** Reads a graph model from its parsed JSON and the concatenated bytes of its weight files. Throws on anything malformed. */
export function parseTfjsGraph(modelJson: unknown, weightBytes: Uint8Array): TfjsGraph {
  const model = tfjsModelSchema.parse(modelJson);
  const constants = new Map<string, TfjsConstant>();
  let offset = 0;
  for (const weight of model.weightsManifest.flatMap((group) => group.weights)) {
    const { values, sizeBytes } = dequantise(weight, weightBytes, offset);
    constants.set(weight.name, { type: weight.dtype === 'float32' ? 'float' : 'int64', dims: weight.shape, values });
    offset += sizeBytes;
  }
  if (offset !== weightBytes.length) {
    throw new Error(`the weights hold ${weightBytes.length} bytes, the manifest describes ${offset}`);
  }
  return { nodes: new Map(model.modelTopology.node.map((node) => [node.name, node])), constants };
}

/** A string attribute, which GraphDef JSON keeps in base64. */
export function stringAttribute(node: TfjsNode, name: string): string | undefined {
  const encoded = node.attr[name]?.s;
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8');
}

export function stringListAttribute(node: TfjsNode, name: string): string[] {
  return (node.attr[name]?.list?.s ?? []).map((encoded) => Buffer.from(encoded, 'base64').toString('utf8'));
}
