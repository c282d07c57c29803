import { describe, expect, it } from 'vitest';
import { parseTfjsGraph } from '../../../src/models/tfjs-graph.ts';
import { convertTfjsToOnnx } from '../../../src/models/tfjs-to-onnx.ts';
import {
  attr,
  convertTinyModel,
  createTfjsModel,
  floats,
  ints,
  runOnnx,
  type TinyConstant,
  type TinyModel,
  type TinyNode,
} from '../../support/tfjs-model.ts';

/** 2 x 2 pixels of three channels: 0 1 2 | 3 4 5 / 6 7 8 | 9 10 11. */
const PICTURE = Array.from({ length: 12 }, (_, index) => index);
/** 4 x 4 pixels whose first channel counts 0..15 and whose others are 0. */
const PICTURE_4X4 = Array.from({ length: 48 }, (_, index) => (index % 3 === 0 ? index / 3 : 0));
const SIZE_4X4 = { width: 4, height: 4 };

const INTEGER = { T: attr.type('DT_INT32') };
const window = (padding: string, stride = 1) => ({
  padding: attr.text(padding),
  strides: attr.ints(1, stride, stride, 1),
  dilations: attr.ints(1, 1, 1, 1),
  data_format: attr.text('NHWC'),
});
/** A kernel [1, 1, 3, 1] that adds the channels up. */
const SUM_CHANNELS = floats([1, 1, 3, 1], [1, 1, 1]);

interface Case {
  readonly name: string;
  readonly nodes: readonly TinyNode[];
  readonly constants?: Readonly<Record<string, TinyConstant>>;
  readonly big?: boolean;
  readonly dims?: readonly number[];
  readonly expected: readonly number[];
}
/** One node `out` on the picture. */
const node = (op: string, input: readonly string[], attributes: TinyNode['attr'] = {}): TinyNode => ({
  name: 'out',
  op,
  input,
  attr: attributes,
});
/** Integers of a constant, seen as the float output that every model has. */
const asFloat = (source: string): TinyNode => ({
  name: 'out',
  op: 'Cast',
  input: [source],
  attr: { DstT: attr.type('DT_FLOAT') },
});
/** Makes the graph depend on its picture: adds 0 * mean(picture). */
const WITH_PICTURE: readonly TinyNode[] = [
  { name: 'mean', op: 'Mean', input: ['picture', 'axes'], attr: { keep_dims: attr.flag(false) } },
  { name: 'nothing', op: 'Mul', input: ['mean', 'zero'] },
];
const PICTURE_CONSTANTS = { axes: ints([4], [0, 1, 2, 3]), zero: floats([], [0]) };

const CASES: readonly Case[] = [
  { name: 'Add', nodes: [node('Add', ['picture', 'c'])], constants: { c: floats([], [2]) }, expected: PICTURE.map((v) => v + 2) },
  {
    name: 'AddV2 broadcasts',
    nodes: [node('AddV2', ['picture', 'c'])],
    constants: { c: floats([3], [10, 20, 30]) },
    expected: [10, 21, 32, 13, 24, 35, 16, 27, 38, 19, 30, 41],
  },
  { name: 'Sub', nodes: [node('Sub', ['picture', 'c'])], constants: { c: floats([], [5]) }, expected: PICTURE.map((v) => v - 5) },
  {
    name: 'Mul',
    nodes: [node('Mul', ['picture', 'c'])],
    constants: { c: floats([], [-0.5]) },
    expected: PICTURE.map((v) => -v / 2),
  },
  { name: 'Identity', nodes: [node('Identity', ['picture'])], expected: PICTURE },
  {
    name: 'Reshape',
    nodes: [node('Reshape', ['picture', 'c'])],
    constants: { c: ints([2], [3, -1]) },
    dims: [3, 4],
    expected: PICTURE,
  },
  {
    name: 'Relu',
    nodes: [{ name: 'shifted', op: 'Sub', input: ['picture', 'c'] }, node('Relu', ['shifted'])],
    constants: { c: floats([], [9]) },
    expected: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2],
  },
  {
    name: 'Relu6',
    nodes: [{ name: 'shifted', op: 'Sub', input: ['picture', 'c'] }, node('Relu6', ['shifted'])],
    constants: { c: floats([], [3]) },
    expected: [0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 6, 6],
  },
  {
    name: 'LeakyRelu',
    nodes: [{ name: 'shifted', op: 'Sub', input: ['picture', 'c'] }, node('LeakyRelu', ['shifted'], { alpha: attr.float(0.5) })],
    constants: { c: floats([], [4]) },
    expected: [-2, -1.5, -1, -0.5, 0, 1, 2, 3, 4, 5, 6, 7],
  },
  {
    name: 'Sigmoid',
    nodes: [{ name: 'scaled', op: 'Mul', input: ['picture', 'c'] }, node('Sigmoid', ['scaled'])],
    // e^(v ln 3) = 3^v, so the sigmoid is 3^v / (3^v + 1).
    constants: { c: floats([], [Math.log(3)]) },
    expected: PICTURE.map((v) => 3 ** v / (3 ** v + 1)),
  },
  {
    name: 'Conv2D keeps height, width, input and output channels apart',
    nodes: [node('Conv2D', ['picture', 'k'], window('VALID'))],
    // [2, 2, 3, 2]: output 0 weighs channel 0 by 0 1 2 3 over the pixels, output 1 takes channel 2 of the top right pixel.
    constants: { k: floats([2, 2, 3, 2], [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0]) },
    dims: [1, 1, 1, 2],
    expected: [3 + 2 * 6 + 3 * 9, 5],
  },
  {
    name: 'Conv2D with SAME pads the odd pixel at the end',
    nodes: [node('Conv2D', ['picture', 'k'], window('SAME', 2))],
    constants: {
      k: floats(
        [3, 3, 3, 1],
        Array.from({ length: 27 }, () => 1),
      ),
    },
    big: true,
    dims: [1, 2, 2, 1],
    expected: [45, 39, 66, 50],
  },
  {
    name: '_FusedConv2D with bias and Relu',
    nodes: [node('_FusedConv2D', ['picture', 'k', 'b'], { ...window('SAME'), fused_ops: attr.texts('BiasAdd', 'Relu') })],
    constants: { k: SUM_CHANNELS, b: floats([1], [-13]) },
    dims: [1, 2, 2, 1],
    expected: [0, 0, 8, 17],
  },
  {
    name: '_FusedConv2D with bias and Relu6',
    nodes: [node('_FusedConv2D', ['picture', 'k', 'b'], { ...window('VALID'), fused_ops: attr.texts('BiasAdd', 'Relu6') })],
    constants: { k: SUM_CHANNELS, b: floats([1], [-9]) },
    expected: [0, 3, 6, 6],
  },
  {
    name: '_FusedConv2D with bias alone',
    nodes: [node('_FusedConv2D', ['picture', 'k', 'b'], { ...window('VALID'), fused_ops: attr.texts('BiasAdd') })],
    constants: { k: SUM_CHANNELS, b: floats([1], [-9]) },
    expected: [-6, 3, 12, 21],
  },
  {
    name: 'DepthwiseConv2dNative numbers its outputs by channel, then multiplier',
    nodes: [node('DepthwiseConv2dNative', ['picture', 'k'], window('SAME'))],
    constants: { k: floats([1, 1, 3, 2], [1, 10, 2, 20, 3, 30]) },
    dims: [1, 2, 2, 6],
    expected: [0, 0, 2, 20, 6, 60, 3, 30, 8, 80, 15, 150, 6, 60, 14, 140, 24, 240, 9, 90, 20, 200, 33, 330],
  },
  {
    name: 'FusedDepthwiseConv2dNative',
    nodes: [
      node('FusedDepthwiseConv2dNative', ['picture', 'k', 'b'], { ...window('VALID'), fused_ops: attr.texts('BiasAdd', 'Relu') }),
    ],
    constants: { k: floats([2, 2, 3, 1], [1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1]), b: floats([3], [0, -1, 1]) },
    expected: [0 + 3 + 6 + 9, 0, 12],
  },
  {
    name: 'MaxPool',
    nodes: [node('MaxPool', ['picture'], { ...window('SAME'), ksize: attr.ints(1, 3, 3, 1) })],
    expected: [9, 10, 11, 9, 10, 11, 9, 10, 11, 9, 10, 11],
  },
  {
    name: 'Mean over height and width',
    nodes: [node('Mean', ['picture', 'c'], { keep_dims: attr.flag(true) })],
    constants: { c: ints([2], [1, 2]) },
    dims: [1, 1, 1, 3],
    expected: [4.5, 5.5, 6.5],
  },
  {
    name: 'Mean without the dimensions',
    nodes: [node('Mean', ['picture', 'c'])],
    constants: { c: ints([2], [1, 2]) },
    dims: [1, 3],
    expected: [4.5, 5.5, 6.5],
  },
  ...[
    { flags: {}, name: 'asymmetric', row: [0, 1.5, 3, 3], rows: [0, 3, 6, 6] },
    { flags: { half_pixel_centers: attr.flag(true) }, name: 'half pixel', row: [0, 0.75, 2.25, 3], rows: [0, 1.5, 4.5, 6] },
    { flags: { align_corners: attr.flag(true) }, name: 'aligned corners', row: [0, 1, 2, 3], rows: [0, 2, 4, 6] },
  ].map(({ flags, name, row, rows }) => ({
    name: `ResizeBilinear, ${name}`,
    nodes: [node('ResizeBilinear', ['picture', 'c'], flags)],
    constants: { c: ints([2], [4, 4]) },
    dims: [1, 4, 4, 3],
    expected: rows.flatMap((y) => row.flatMap((x) => [x + y, x + y + 1, x + y + 2])),
  })),
  {
    name: 'ConcatV2 along the channels',
    nodes: [node('ConcatV2', ['picture', 'c', 'axis'])],
    constants: { c: floats([1, 2, 2, 1], [100, 101, 102, 103]), axis: ints([], [-1]) },
    dims: [1, 2, 2, 4],
    expected: [0, 1, 2, 100, 3, 4, 5, 101, 6, 7, 8, 102, 9, 10, 11, 103],
  },
  {
    name: 'ExpandDims',
    nodes: [node('ExpandDims', ['picture', 'c'])],
    constants: { c: ints([], [-1]) },
    dims: [1, 2, 2, 3, 1],
    expected: PICTURE,
  },
  {
    name: 'StridedSlice with open ends and a step',
    nodes: [
      node('StridedSlice', ['picture', 'begin', 'end', 'step'], {
        begin_mask: attr.int(3),
        end_mask: attr.int(3),
        shrink_axis_mask: attr.int(0),
      }),
    ],
    constants: { begin: ints([4], [9, 9, 0, 1]), end: ints([4], [0, 0, 1, 3]), step: ints([4], [1, 1, 1, 1]) },
    dims: [1, 2, 1, 2],
    expected: [1, 2, 7, 8],
  },
  {
    name: 'GatherV2',
    nodes: [
      { name: 'rows', op: 'Reshape', input: ['picture', 'shape'] },
      node('GatherV2', ['rows', 'which', 'axis'], { batch_dims: attr.int(0) }),
    ],
    constants: { shape: ints([2], [4, 3]), which: ints([2], [3, 1]), axis: ints([], [0]) },
    dims: [2, 3],
    expected: [9, 10, 11, 3, 4, 5],
  },
  {
    name: 'TopKV2, values',
    nodes: [
      { name: 'flat', op: 'Reshape', input: ['picture', 'shape'] },
      { name: 'out', op: 'TopKV2', input: ['flat', 'k'] },
    ],
    constants: { shape: ints([2], [1, -1]), k: ints([], [2]) },
    expected: [11, 10],
  },
  {
    name: 'TopKV2, indices',
    nodes: [
      { name: 'flat', op: 'Reshape', input: ['picture', 'shape'] },
      { name: 'top', op: 'TopKV2', input: ['flat', 'k'] },
      asFloat('top:1'),
    ],
    constants: { shape: ints([2], [2, 6]), k: ints([], [2]) },
    dims: [2, 2],
    expected: [5, 4, 5, 4],
  },
  {
    name: 'FloorDiv rounds down, also below zero',
    nodes: [
      ...WITH_PICTURE,
      { name: 'none', op: 'Cast', input: ['nothing'], attr: { DstT: attr.type('DT_INT32') } },
      { name: 'a', op: 'Add', input: ['c', 'none'] },
      { name: 'q', op: 'FloorDiv', input: ['a', 'd'], attr: INTEGER },
      asFloat('q'),
    ],
    constants: { ...PICTURE_CONSTANTS, c: ints([4], [7, 8, -7, -8]), d: ints([], [4]) },
    expected: [1, 2, -2, -2],
  },
  {
    name: 'FloorMod has the sign of the divisor',
    nodes: [
      ...WITH_PICTURE,
      { name: 'none', op: 'Cast', input: ['nothing'], attr: { DstT: attr.type('DT_INT32') } },
      { name: 'a', op: 'Add', input: ['c', 'none'] },
      { name: 'm', op: 'FloorMod', input: ['a', 'd'], attr: INTEGER },
      asFloat('m'),
    ],
    constants: { ...PICTURE_CONSTANTS, c: ints([4], [7, 8, -7, -8]), d: ints([], [4]) },
    expected: [3, 0, 1, 0],
  },
  {
    name: 'Equal and Cast',
    nodes: [{ name: 'same', op: 'Equal', input: ['picture', 'c'] }, asFloat('same')],
    constants: { c: floats([], [7]) },
    expected: [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0],
  },
];

describe('a converted TensorFlow.js graph', () => {
  it.each(CASES)('$name gives what was worked out by hand', async ({ nodes, constants = {}, big = false, dims, expected }) => {
    // Given a graph of one operation
    const [size, pixels] = big ? [SIZE_4X4, PICTURE_4X4] : [{ width: 2, height: 2 }, PICTURE];
    const model = convertTinyModel({ nodes, constants }, 'out', size);

    // When onnxruntime runs it on a picture
    const output = await runOnnx(model, pixels, size);

    // Then shape and values are the expected ones
    if (dims !== undefined) expect(output.dims).toEqual(dims);
    expect(output.values).toHaveLength(expected.length);
    for (const [index, value] of expected.entries()) expect(output.values[index]).toBeCloseTo(value, 4);
  });

  it('leaves out what the output does not need, and gives the same bytes each time', () => {
    // Given a graph with a branch that cannot be converted
    const needed = node('Identity', ['picture']);
    const model: TinyModel = { nodes: [{ name: 'other', op: 'Unheard', input: ['picture'] }, needed] };

    // When it is converted with and without the branch
    const withBranch = convertTinyModel(model, 'out');
    const without = convertTinyModel({ nodes: [needed] }, 'out');

    // Then the branch makes no difference
    expect(withBranch).toEqual(without);
  });

  it('takes new values for constants in which a size was frozen', async () => {
    // Given a graph that reshapes to a frozen size
    const { json, weights } = createTfjsModel({
      nodes: [node('Reshape', ['picture', 'c'])],
      constants: { c: ints([2], [6, 2]) },
    });

    // When it is converted with another one
    const model = convertTfjsToOnnx(parseTfjsGraph(json, weights), {
      inputWidth: 2,
      inputHeight: 2,
      outputs: [{ name: 'out', dims: [2, 6] }],
      overrides: { c: [2, 6] },
    });

    // Then the output has the new shape
    expect((await runOnnx(model, PICTURE)).dims).toEqual([2, 6]);
  });
});

const K = { k: SUM_CHANNELS };
const REFUSED: readonly (TinyModel & { readonly says: RegExp })[] = [
  { nodes: [node('Unheard', ['picture'])], says: /node out: the operation Unheard/ },
  { nodes: [node('Identity', ['nowhere'])], says: /no node nowhere/ },
  { nodes: [node('Relu', [])], says: /do not depend on a picture/ },
  { nodes: [node('Add', ['picture'])], says: /input 1 is missing/ },
  { nodes: [node('Conv2D', ['picture', 'picture'], window('SAME'))], says: /picture must be a constant/ },
  {
    nodes: [node('Conv2D', ['picture', 'k'], { ...window('SAME'), data_format: attr.text('NCHW') })],
    constants: K,
    says: /layout NCHW/,
  },
  { nodes: [node('Conv2D', ['picture', 'k'], { ...window('EXPLICIT') })], constants: K, says: /padding EXPLICIT/ },
  {
    nodes: [node('_FusedConv2D', ['picture', 'k'], { ...window('SAME'), fused_ops: attr.texts('Elu') })],
    constants: K,
    says: /activation Elu/,
  },
  { nodes: [node('StridedSlice', ['picture'], { shrink_axis_mask: attr.int(1) })], says: /shrink_axis_mask/ },
  { nodes: [node('FloorDiv', ['picture', 'picture'], { T: attr.type('DT_FLOAT') })], says: /integers only/ },
  { nodes: [node('Cast', ['picture'], { DstT: attr.type('DT_HALF') })], says: /cast to DT_HALF/ },
  { nodes: [{ name: 'back', op: 'Relu', input: ['out'] }, node('Add', ['picture', 'back'])], says: /cycle/ },
];

describe('a graph that cannot be converted', () => {
  it.each(REFUSED)('is refused: $says', ({ says, ...model }) => {
    // Given a graph with something that has no translation

    // When it is converted
    const convert = () => convertTinyModel(model, 'out');

    // Then the error names it
    expect(convert).toThrow(says);
  });
});
