import type { EmitOptions, OnnxBuilder } from './onnx-builder.ts';
import { ONNX_TYPE, type OnnxAttribute } from './onnx-proto.ts';
import { stringAttribute, stringListAttribute, type TfjsConstant, type TfjsNode } from './tfjs-graph.ts';

export interface OpContext {
  readonly builder: OnnxBuilder;
  /** The ONNX name of a node's input. */
  readonly reference: (name: string) => string;
  /** The value of an input that has to be known at conversion. */
  readonly constantOf: (name: string) => TfjsConstant;
}
type Attributes = Readonly<Record<string, OnnxAttribute>>;
type Translate = (op: Op) => void;

/** One node on its way: its inputs by position and where its results go. */
interface Op {
  readonly node: TfjsNode;
  readonly builder: OnnxBuilder;
  readonly input: (index: number) => string;
  readonly constant: (index: number) => TfjsConstant;
  readonly ints: (index: number) => number[];
  /** Emits the node that bears the TensorFlow node's own name. */
  readonly finish: (opType: string, inputs: readonly string[], attributes?: Attributes) => void;
}

const TO_NCHW: EmitOptions = { attributes: { perm: [0, 3, 1, 2] } };
const TO_NHWC: Attributes = { perm: [0, 2, 3, 1] };

/** Adds the ONNX nodes that do what one TensorFlow node does. Throws, naming the node, when there is no translation. */
export function translateOp(node: TfjsNode, context: OpContext): void {
  const translate = TRANSLATIONS[node.op];
  if (translate === undefined) throw new Error(`node ${node.name}: the operation ${node.op} has no translation`);
  const name = (index: number): string => {
    const input = node.input[index];
    if (input === undefined) throw new Error(`node ${node.name}: input ${index} is missing`);
    return input;
  };
  translate({
    node,
    builder: context.builder,
    input: (index) => context.reference(name(index)),
    constant: (index) => context.constantOf(name(index)),
    ints: (index) => Array.from(context.constantOf(name(index)).values),
    finish: (opType, inputs, attributes = {}) => {
      context.builder.emit(opType, inputs, { attributes, outputs: [node.name] });
    },
  });
}

const elementwise =
  (opType: string, count: 1 | 2 = 1): Translate =>
  ({ finish, input }) =>
    finish(opType, count === 1 ? [input(0)] : [input(0), input(1)]);

const TRANSLATIONS: Readonly<Record<string, Translate>> = {
  Add: elementwise('Add', 2),
  AddV2: elementwise('Add', 2),
  Sub: elementwise('Sub', 2),
  Mul: elementwise('Mul', 2),
  Equal: elementwise('Equal', 2),
  Identity: elementwise('Identity'),
  Relu: elementwise('Relu'),
  Sigmoid: elementwise('Sigmoid'),
  Reshape: elementwise('Reshape', 2),
  Relu6: ({ builder, finish, input }) => finish('Clip', relu6Inputs(builder, input(0))),
  LeakyRelu: ({ node, finish, input }) => finish('LeakyRelu', [input(0)], { alpha: { float: node.attr.alpha?.f ?? 0.2 } }),
  Conv2D: (op) => convolve(op, denseKernel(op.constant(1))),
  _FusedConv2D: (op) => convolve(op, denseKernel(op.constant(1))),
  DepthwiseConv2dNative: (op) => convolve(op, depthwiseKernel(op.constant(1))),
  FusedDepthwiseConv2dNative: (op) => convolve(op, depthwiseKernel(op.constant(1))),
  MaxPool: maxPool,
  ResizeBilinear: resizeBilinear,
  Mean: ({ builder, node, finish, input, ints }) =>
    finish('ReduceMean', [input(0), builder.ints(ints(1))], { keepdims: node.attr.keep_dims?.b === true ? 1 : 0 }),
  ConcatV2: ({ node, finish, input, ints }) => {
    const last = node.input.length - 1;
    const parts = node.input.slice(0, last).map((_, index) => input(index));
    finish('Concat', parts, { axis: ints(last)[0] ?? 0 });
  },
  ExpandDims: ({ builder, finish, input, ints }) => finish('Unsqueeze', [input(0), builder.ints(ints(1))]),
  GatherV2: ({ node, finish, input, ints }) => {
    requireZero(node, 'batch_dims');
    finish('Gather', [input(0), input(1)], { axis: ints(2)[0] ?? 0 });
  },
  TopKV2: ({ builder, node, input, ints }) => {
    builder.emit('TopK', [input(0), builder.ints(ints(1))], { outputs: [node.name, `${node.name}:1`] });
  },
  Cast: ({ node, finish, input }) => finish('Cast', [input(0)], { to: castTarget(node) }),
  FloorMod: (op) => {
    requireInteger(op.node);
    op.finish('Mod', [op.input(0), op.input(1)]);
  },
  // ONNX's Div truncates; taking the remainder away first makes it a floor for negative numbers, too.
  FloorDiv: (op) => {
    requireInteger(op.node);
    const [dividend, divisor] = [op.input(0), op.input(1)];
    const remainder = op.builder.emit('Mod', [dividend, divisor]);
    op.finish('Div', [op.builder.emit('Sub', [dividend, remainder]), divisor]);
  },
  StridedSlice: stridedSlice,
};

const relu6Inputs = (builder: OnnxBuilder, input: string): string[] =>
  [0, 6].reduce<string[]>((inputs, limit) => [...inputs, builder.tensor({ type: 'float', dims: [], values: [limit] })], [input]);

interface Kernel {
  readonly weights: TfjsConstant;
  readonly groups: number;
}

/** TensorFlow keeps [height, width, in, out], ONNX [out, in, height, width]. */
const denseKernel = (constant: TfjsConstant): Kernel => ({ weights: permute4d(constant, [3, 2, 0, 1]), groups: 1 });

/** TensorFlow keeps [height, width, in, multiplier] and numbers the outputs in * multiplier + m; ONNX wants [out, 1, height, width]. */
function depthwiseKernel(constant: TfjsConstant): Kernel {
  const { dims, values } = permute4d(constant, [2, 3, 0, 1]);
  const [channels = 0, multiplier = 0, height = 0, width = 0] = dims;
  return { weights: { type: 'float', dims: [channels * multiplier, 1, height, width], values }, groups: channels };
}

function permute4d({ type, dims, values }: TfjsConstant, order: readonly [number, number, number, number]): TfjsConstant {
  if (dims.length !== 4) throw new Error(`a convolution's weights have ${dims.length} dimensions instead of 4`);
  const sizeAt = (axis: number): number => dims[axis] ?? 0;
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((product, size) => product * size, 1));
  const strideOf = (axis: number): number => strides[order[axis] ?? 0] ?? 0;
  const newDims = order.map(sizeAt);
  const [a = 0, b = 0, c = 0, d = 0] = newDims;
  const permuted = new Float32Array(a * b * c * d);
  let at = 0;
  for (let i = 0; i < a; i++)
    for (let j = 0; j < b; j++)
      for (let k = 0; k < c; k++)
        for (let l = 0; l < d; l++)
          permuted[at++] = values[i * strideOf(0) + j * strideOf(1) + k * strideOf(2) + l * strideOf(3)] ?? 0;
  return { type, dims: newDims, values: permuted };
}

function convolve(op: Op, { weights, groups }: Kernel): void {
  const { builder, node } = op;
  const [activation, ...rest] = stringListAttribute(node, 'fused_ops').filter((fused) => fused !== 'BiasAdd');
  if (rest.length > 0) throw new Error(`node ${node.name}: ${rest.join(' and ')} cannot be fused`);
  const bias = stringListAttribute(node, 'fused_ops').includes('BiasAdd') ? [op.input(2)] : [];
  const picture = builder.emit('Transpose', [op.input(0)], TO_NCHW);
  const convolved = builder.emit('Conv', [picture, builder.tensor(weights), ...bias], {
    attributes: { group: groups, ...window(node), dilations: spatial(node, 'dilations'), kernel_shape: weights.dims.slice(2) },
  });
  op.finish('Transpose', [activate(op, activation, convolved)], TO_NHWC);
}

function activate({ builder, node }: Op, activation: string | undefined, input: string): string {
  if (activation === undefined) return input;
  if (activation === 'Relu') return builder.emit('Relu', [input]);
  if (activation === 'Relu6') return builder.emit('Clip', relu6Inputs(builder, input));
  throw new Error(`node ${node.name}: the activation ${activation} has no translation`);
}

function maxPool({ builder, node, input, finish }: Op): void {
  const picture = builder.emit('Transpose', [input(0)], TO_NCHW);
  const attributes = { ...window(node), kernel_shape: spatial(node, 'ksize') };
  finish('Transpose', [builder.emit('MaxPool', [picture], { attributes })], TO_NHWC);
}

/**
 * ONNX's three coordinate modes are TensorFlow's two flags. The size is given for all four axes, as `axes` with a size for
 * two of them misleads onnxruntime 1.30's Transpose optimiser; it computes the constant away.
 */
function resizeBilinear({ builder, node, input, ints, finish }: Op): void {
  const halfPixel = node.attr.half_pixel_centers?.b === true ? 'half_pixel' : 'asymmetric';
  const coordinates = node.attr.align_corners?.b === true ? 'align_corners' : halfPixel;
  const picture = builder.emit('Transpose', [input(0)], TO_NCHW);
  const batchAndChannels = builder.emit('Shape', [picture], { attributes: { start: 0, end: 2 } });
  const size = builder.emit('Concat', [batchAndChannels, builder.ints(ints(1))], { attributes: { axis: 0 } });
  const attributes = { mode: 'linear', coordinate_transformation_mode: coordinates };
  finish('Transpose', [builder.emit('Resize', [picture, '', '', size], { attributes })], TO_NHWC);
}

function stridedSlice({ builder, node, input, ints, finish }: Op): void {
  for (const mask of ['ellipsis_mask', 'new_axis_mask', 'shrink_axis_mask']) requireZero(node, mask);
  const open = (mask: string, axis: number): boolean => (((node.attr[mask]?.i ?? 0) >> axis) & 1) === 1;
  const steps = ints(3);
  if (steps.some((step) => step < 1)) throw new Error(`node ${node.name}: backward slices have no translation`);
  const starts = ints(1).map((start, axis) => (open('begin_mask', axis) ? 0 : start));
  const ends = ints(2).map((end, axis) => (open('end_mask', axis) ? Number.MAX_SAFE_INTEGER : end));
  finish('Slice', [
    input(0),
    builder.ints(starts),
    builder.ints(ends),
    builder.ints(steps.map((_, axis) => axis)),
    builder.ints(steps),
  ]);
}

/** TensorFlow's SAME puts the odd pixel at the end, which ONNX calls SAME_UPPER. */
function window(node: TfjsNode): Attributes {
  const padding = stringAttribute(node, 'padding');
  if (padding !== 'SAME' && padding !== 'VALID') throw new Error(`node ${node.name}: the padding ${padding} has no translation`);
  return { strides: spatial(node, 'strides'), auto_pad: padding === 'SAME' ? 'SAME_UPPER' : 'VALID' };
}

/** Height and width of an NHWC list attribute. */
function spatial(node: TfjsNode, attribute: string): number[] {
  const layout = stringAttribute(node, 'data_format');
  if (layout !== undefined && layout !== 'NHWC') throw new Error(`node ${node.name}: the layout ${layout} has no translation`);
  const [, height = 1, width = 1] = node.attr[attribute]?.list?.i ?? [];
  return [height, width];
}

function castTarget(node: TfjsNode): number {
  const target = node.attr.DstT?.type;
  if (target === 'DT_FLOAT') return ONNX_TYPE.float;
  if (target === 'DT_INT32') return ONNX_TYPE.int64;
  throw new Error(`node ${node.name}: a cast to ${target} has no translation`);
}

function requireZero(node: TfjsNode, attribute: string): void {
  if ((node.attr[attribute]?.i ?? 0) !== 0) throw new Error(`node ${node.name}: ${attribute} has no translation`);
}

function requireInteger(node: TfjsNode): void {
  if (node.attr.T?.type !== 'DT_INT32') throw new Error(`node ${node.name}: ${node.op} is translated for integers only`);
}
