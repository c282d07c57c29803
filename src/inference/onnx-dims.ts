import { Reader, Writer } from 'protobufjs/minimal.js';

/** Field numbers of onnx/onnx.proto. */
const MODEL_GRAPH = 7;
const GRAPH = { input: 11, output: 12, valueInfo: 13 } as const;
const VALUE = { type: 2 } as const;
const TYPE = { tensor: 1 } as const;
const TENSOR = { shape: 2 } as const;
const SHAPE = { dim: 1 } as const;
const DIM = { value: 1 } as const;

/**
 * The same ONNX model for another input size: rewrites the dims of its first input and drops the stated shapes of everything
 * that follows from it, which the runtime infers again. Right for fully convolutional networks whose reshapes use -1.
 */
export function withInputDims(model: Uint8Array, dims: readonly number[]): Uint8Array {
  return rewrite(model, (field, value) => (field === MODEL_GRAPH ? rewriteGraph(value, dims) : value));
}

function rewriteGraph(graph: Uint8Array, dims: readonly number[]): Uint8Array {
  let inputs = 0;
  return rewrite(graph, (field, value) => {
    if (field === GRAPH.valueInfo) return undefined;
    if (field === GRAPH.output) return withShape(value, undefined);
    if (field !== GRAPH.input) return value;
    inputs += 1;
    return inputs === 1 ? withShape(value, shapeOf(dims)) : value;
  });
}

function withShape(valueInfo: Uint8Array, shape: Uint8Array | undefined): Uint8Array {
  return rewrite(valueInfo, (field, type) =>
    field !== VALUE.type
      ? type
      : rewrite(type, (kind, tensor) =>
          kind !== TYPE.tensor ? tensor : rewrite(tensor, (part, old) => (part === TENSOR.shape ? shape : old)),
        ),
  );
}

function shapeOf(dims: readonly number[]): Uint8Array {
  const shape = Writer.create();
  for (const dim of dims)
    shape.uint32((SHAPE.dim << 3) | 2).bytes(
      Writer.create()
        .uint32(DIM.value << 3)
        .int64(dim)
        .finish(),
    );
  return shape.finish();
}

/** Copies a message; `change` sees each length-delimited field and answers with its new bytes, or undefined to leave it out. */
function rewrite(message: Uint8Array, change: (field: number, value: Uint8Array) => Uint8Array | undefined): Uint8Array {
  const reader = Reader.create(message);
  const parts: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const tag = reader.uint32();
    if ((tag & 7) !== 2) {
      reader.skipType(tag & 7);
      parts.push(message.subarray(start, reader.pos));
      continue;
    }
    const value = change(tag >>> 3, reader.bytes());
    if (value === undefined) continue;
    parts.push(Writer.create().uint32(tag).uint32(value.length).finish(), value);
  }
  return Buffer.concat(parts);
}
