import type { OnnxAttribute, OnnxNode, OnnxTensor } from './onnx-proto.ts';
import type { TfjsConstant } from './tfjs-graph.ts';

/** Collects the nodes and tensors of an ONNX graph while a TensorFlow.js graph is walked. */
export interface OnnxBuilder {
  /** Adds a node and gives its first output, named or numbered. */
  readonly emit: (opType: string, inputs: readonly string[], options?: EmitOptions) => string;
  /** Adds a tensor of its own and gives its name. */
  readonly tensor: (constant: TfjsConstant) => string;
  /** Adds a one-dimensional int64 tensor and gives its name. */
  readonly ints: (values: readonly number[]) => string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
}
export interface EmitOptions {
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
  /** Left out: one numbered output. */
  readonly outputs?: readonly [string, ...string[]];
}

export function createOnnxBuilder(): OnnxBuilder {
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  let numbered = 0;
  const emit: OnnxBuilder['emit'] = (opType, inputs, { attributes = {}, outputs = [`node_${numbered++}`] } = {}) => {
    nodes.push({ opType, inputs, outputs, attributes });
    return outputs[0];
  };
  const tensor: OnnxBuilder['tensor'] = (constant) => {
    const name = `tensor_${numbered++}`;
    initializers.push({ name, ...constant });
    return name;
  };
  const ints: OnnxBuilder['ints'] = (values) => tensor({ type: 'int64', dims: [values.length], values });
  return { emit, tensor, ints, nodes, initializers };
}
