import { createOnnxBuilder } from './onnx-builder.ts';
import { encodeOnnxModel } from './onnx-proto.ts';
import type { TfjsConstant, TfjsGraph, TfjsNode } from './tfjs-graph.ts';
import { type OpContext, translateOp } from './tfjs-ops.ts';

export interface ConversionOptions {
  /** The pictures' size in pixels; the input becomes uint8 RGB [1, height, width, 3] named `image`. */
  readonly inputWidth: number;
  readonly inputHeight: number;
  /** Nodes whose first output the model gives, as float; whatever they do not need is left out. */
  readonly outputs: readonly { readonly name: string; readonly dims?: readonly number[] }[];
  /** New values for int constants into which the exporter froze its own input size. */
  readonly overrides?: Readonly<Record<string, readonly number[]>>;
}

/** The input tensor of every converted model: raw pixels, as ffmpeg's rgb24 gives them. */
export const CONVERTED_INPUT = 'image';

/**
 * Turns a TensorFlow.js graph model with one NHWC picture input into an ONNX file (opset 18). Convolutions, pooling and
 * resizing are wrapped in Transposes, which onnxruntime's optimiser cancels out between neighbours. Throws an Error that
 * names the node when the graph uses something that is not translated.
 */
export function convertTfjsToOnnx(graph: TfjsGraph, options: ConversionOptions): Uint8Array {
  const constants = overrideConstants(graph.constants, options.overrides ?? {});
  const builder = createOnnxBuilder();
  const tensorNames = new Map<string, string>();
  const constantOf = (name: string): TfjsConstant => {
    const constant = constants.get(name);
    if (constant === undefined) throw new Error(`${name} must be a constant`);
    return constant;
  };
  const reference = (name: string): string => {
    const constant = constants.get(name);
    if (constant === undefined) return name;
    const known = tensorNames.get(name) ?? builder.tensor(constant);
    tensorNames.set(name, known);
    return known;
  };
  const context: OpContext = { builder, reference, constantOf };
  const nodes = neededNodes(graph, constants, options);
  for (const node of nodes) {
    if (node.op === 'Placeholder') builder.emit('Cast', [CONVERTED_INPUT], { attributes: { to: 1 }, outputs: [node.name] });
    else translateOp(node, context);
  }
  const dims = [1, options.inputHeight, options.inputWidth, 3];
  return encodeOnnxModel({
    name: 'converted',
    inputs: [{ name: CONVERTED_INPUT, type: 'uint8', dims }],
    outputs: options.outputs.map((output) => ({ ...output, type: 'float' as const })),
    initializers: builder.initializers,
    nodes: builder.nodes,
  });
}

function overrideConstants(
  constants: TfjsGraph['constants'],
  overrides: Readonly<Record<string, readonly number[]>>,
): TfjsGraph['constants'] {
  const changed = new Map(constants);
  for (const [name, values] of Object.entries(overrides)) {
    const old = constants.get(name);
    if (old?.values.length !== values.length)
      throw new Error(`there is no constant ${name} of ${values.length} values to override`);
    changed.set(name, { ...old, values });
  }
  return changed;
}

/** The nodes that the outputs need, each after its own inputs. */
function neededNodes(graph: TfjsGraph, constants: TfjsGraph['constants'], { outputs }: ConversionOptions): TfjsNode[] {
  const ordered = new Map<string, TfjsNode>();
  const open = outputs.map((output) => output.name);
  while (open.length > 0) {
    const name = open[open.length - 1] ?? '';
    const node = graph.nodes.get(name);
    if (node === undefined) throw new Error(`the graph has no node ${name}`);
    const missing = node.input.map(producerOf).filter((input) => !ordered.has(input) && !constants.has(input));
    if (missing.length === 0 || ordered.has(name)) {
      ordered.set(name, node);
      open.pop();
    } else {
      if (open.length > graph.nodes.size * graph.nodes.size) throw new Error(`the graph has a cycle through ${name}`);
      open.push(...missing);
    }
  }
  if (![...ordered.values()].some((node) => node.op === 'Placeholder')) throw new Error('the outputs do not depend on a picture');
  return [...ordered.values()];
}

/** `name:1` is the second output of `name`. */
const producerOf = (reference: string): string => reference.replace(/:\d+$/, '');
