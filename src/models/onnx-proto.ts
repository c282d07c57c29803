import protobuf from 'protobufjs';

/** The part of ONNX's own onnx.proto that a float CNN needs (field numbers as in onnx/onnx.proto, IR version 8). */
const SCHEMA = `
syntax = "proto3";
message ModelProto { int64 ir_version = 1; string producer_name = 2; GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8; }
message OperatorSetIdProto { string domain = 1; int64 version = 2; }
message GraphProto {
  repeated NodeProto node = 1; string name = 2; repeated TensorProto initializer = 5;
  repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12;
}
message NodeProto { repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4; repeated AttributeProto attribute = 5; }
message AttributeProto { string name = 1; float f = 2; int64 i = 3; bytes s = 4; repeated float floats = 7; repeated int64 ints = 8; int32 type = 20; }
message TensorProto { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
message ValueInfoProto { string name = 1; TypeProto type = 2; }
message TypeProto { Tensor tensor_type = 1; message Tensor { int32 elem_type = 1; TensorShapeProto shape = 2; } }
message TensorShapeProto { repeated Dimension dim = 1; message Dimension { int64 dim_value = 1; } }
`;
const ModelProto = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('ModelProto');

/** TensorProto.DataType */
export const ONNX_TYPE = { float: 1, uint8: 2, int64: 7, bool: 9 } as const;
export type OnnxType = keyof typeof ONNX_TYPE;

/** AttributeProto.AttributeType by the shape of the value: a number is an int unless wrapped in `{ float }`. */
export type OnnxAttribute = number | string | readonly number[] | { readonly float: number };

export interface OnnxNode {
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}
/** A tensor with its values; int64 values must be safe integers. */
export interface OnnxTensor {
  readonly name: string;
  readonly type: 'float' | 'int64';
  readonly dims: readonly number[];
  readonly values: ArrayLike<number>;
}
/** A graph input or output; an output's shape may be left to the runtime. */
export interface OnnxValue {
  readonly name: string;
  readonly type: OnnxType;
  readonly dims?: readonly number[];
}
export interface OnnxGraph {
  readonly name: string;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly initializers: readonly OnnxTensor[];
  readonly nodes: readonly OnnxNode[];
}

/** Serialises a graph as an ONNX file: IR version 8, opset 18. The same graph always gives the same bytes. */
export function encodeOnnxModel(graph: OnnxGraph): Uint8Array {
  return ModelProto.encode({
    ir_version: 8,
    producer_name: 'homesec',
    opset_import: [{ domain: '', version: 18 }],
    graph: {
      name: graph.name,
      node: graph.nodes.map(nodeProto),
      initializer: graph.initializers.map(tensorProto),
      input: graph.inputs.map(valueProto),
      output: graph.outputs.map(valueProto),
    },
  }).finish();
}

function nodeProto(node: OnnxNode): object {
  return {
    name: node.outputs[0],
    op_type: node.opType,
    input: node.inputs,
    output: node.outputs,
    attribute: Object.entries(node.attributes ?? {}).map(([name, value]) => ({ name, ...attributeProto(value) })),
  };
}

function attributeProto(value: OnnxAttribute): object {
  if (typeof value === 'number') return { type: 2, i: value };
  if (typeof value === 'string') return { type: 3, s: new TextEncoder().encode(value) };
  return 'float' in value ? { type: 1, f: value.float } : { type: 7, ints: value };
}

function tensorProto(tensor: OnnxTensor): object {
  return { name: tensor.name, dims: tensor.dims, data_type: ONNX_TYPE[tensor.type], raw_data: rawData(tensor) };
}

/** ONNX wants little-endian bytes; every platform that onnxruntime supports is little-endian. */
function rawData({ type, values }: OnnxTensor): Uint8Array {
  const typed = type === 'float' ? Float32Array.from(values) : BigInt64Array.from(values, BigInt);
  return new Uint8Array(typed.buffer);
}

function valueProto({ name, type, dims }: OnnxValue): object {
  const shape = dims === undefined ? {} : { shape: { dim: dims.map((size) => ({ dim_value: size })) } };
  return { name, type: { tensor_type: { elem_type: ONNX_TYPE[type], ...shape } } };
}
