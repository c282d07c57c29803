import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import ort from 'onnxruntime-node';
import type { CanvasSize, OutputTensor } from './candidate.ts';
import { decodeOutput } from './decode-output.ts';
import type { FrameSighting, FrameToInfer, Provider } from './detector-messages.ts';
import { fillTensor } from './fill-tensor.ts';
import type { ModelFile } from './model-file.ts';
import type { ModelInput } from './model-manifest.ts';
import { withInputDims } from './onnx-dims.ts';
import { pictureBox } from './picture-box.ts';

/** A model ready to look at frames. Runs on the calling thread and blocks it. */
export interface DetectorSession {
  /** Throws when the model and its manifest do not fit each other. */
  infer(frame: FrameToInfer): Promise<FrameSighting[]>;
}

/** Cameras of so many different shapes keep a session each; one more costs the oldest. */
const MAX_SESSIONS = 3;

/**
 * Reads a model and verifies its hash. A session is made for each canvas size that comes.
 * Throws when the file is missing, has other bytes than the manifest says, or is no model.
 */
export async function openDetectorSession(model: ModelFile, provider: Provider): Promise<DetectorSession> {
  const { manifest } = model;
  const bytes = await readVerified(model);
  const sessions = new Map<string, Promise<ort.InferenceSession>>();
  const sessionFor = (canvas: CanvasSize): Promise<ort.InferenceSession> => {
    const key = `${canvas.width}x${canvas.height}`;
    const session = sessions.get(key) ?? createSession(bytes, { input: manifest.input, canvas, provider });
    const [oldest] = sessions.keys();
    if (sessions.size >= MAX_SESSIONS && !sessions.has(key) && oldest !== undefined) drop(sessions, oldest);
    return sessions.set(key, session).get(key) ?? session;
  };
  // Now, so that a file that is no model is found before the first frame.
  await sessionFor(usualCanvas(manifest.input));
  const infer = async ({ rgb, letterbox, minConfidence }: FrameToInfer): Promise<FrameSighting[]> => {
    const session = await sessionFor(letterbox);
    const { data, dims } = fillTensor(rgb, letterbox, manifest.input);
    const type = manifest.input.dtype;
    const answer = await session.run({ [session.inputNames[0] ?? 'images']: new ort.Tensor(type, data, dims) });
    const outputs = new Map(session.outputNames.map((name) => [name, outputTensor(name, answer[name])]));
    return decodeOutput(manifest, outputs, { canvas: letterbox, minConfidence }).flatMap((candidate) => {
      const box = pictureBox(candidate, letterbox);
      const className = manifest.labels[candidate.classIndex];
      return box === undefined || className === undefined ? [] : [{ className, confidence: candidate.confidence, box }];
    });
  };
  return { infer };
}

async function readVerified({ manifest, path }: ModelFile): Promise<Uint8Array> {
  const bytes = await readFile(path);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 === manifest.sha256) return bytes;
  throw new Error(`${path} has SHA-256 ${sha256} where the manifest says ${manifest.sha256}`);
}

/** The canvas of a 16:9 picture, which most cameras take. */
function usualCanvas({ width, height, rectangular }: ModelInput): CanvasSize {
  return rectangular ? { width, height: Math.min(height, Math.ceil((width * 9) / 16 / 32) * 32) } : { width, height };
}

interface SessionShape {
  readonly input: ModelInput;
  readonly canvas: CanvasSize;
  readonly provider: Provider;
}

function createSession(model: Uint8Array, { input, canvas, provider }: SessionShape): Promise<ort.InferenceSession> {
  const { width, height } = canvas;
  const dims = input.layout === 'nchw' ? [1, 3, height, width] : [1, height, width, 3];
  return ort.InferenceSession.create(input.rectangular ? withInputDims(model, dims) : model, {
    executionProviders: [provider],
    // More threads spin against the decoder's and are slower under load.
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    // Old exports warn hundreds of times.
    logSeverityLevel: 3,
  });
}

function drop(sessions: Map<string, Promise<ort.InferenceSession>>, key: string): void {
  void sessions.get(key)?.then((session) => session.release());
  sessions.delete(key);
}

function outputTensor(name: string, tensor: ort.Tensor | undefined): OutputTensor {
  if (tensor?.data instanceof Float32Array) return { data: tensor.data, dims: tensor.dims };
  throw new Error(`output ${name} of the model is ${tensor?.type ?? 'missing'} where float32 is needed`);
}
