import { type ChildProcess, fork } from 'node:child_process';
import { Socket } from 'node:net';
import { err, ok, type Result } from '../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../domain/stage-error.ts';
import type { DetectorAnswer, DetectorRequest, FrameSighting, FrameToInfer, Provider } from './detector-messages.ts';
import type { ModelFile } from './model-file.ts';

export interface SeenFrame {
  readonly sightings: readonly FrameSighting[];
  readonly inferenceMs: number;
}

/**
 * A model in a process of its own. Requests may be sent ahead of answers, so that the next frame is there when one is done.
 * FILTER_MODEL_UNAVAILABLE when the model cannot be used; FILTER_CRASHED when the process died, and for ever after.
 */
export interface Detector {
  load(): Promise<Result<void, PluginFailure>>;
  infer(frame: FrameToInfer): Promise<Result<SeenFrame, PluginFailure>>;
  isAlive(): boolean;
  /** Ends the process; what is under way answers FILTER_CRASHED. */
  close(): Promise<void>;
}

type Answered = Result<DetectorAnswer, PluginFailure>;
type Asked = DetectorRequest extends infer Request ? (Request extends { id: number } ? Omit<Request, 'id'> : never) : never;

/** A process that answers nothing for so long is stuck. */
const ANSWER_TIMEOUT_MS = 60_000;
const COMPLAINT_CHARS = 2048;

/** Starts the process; it does not keep ours alive. */
export function openDetector(model: ModelFile, provider: Provider): Detector {
  const child = fork(new URL('./detector-process.ts', import.meta.url), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // Frames go over as they are, not as JSON.
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const waiting = new Map<number, (answer: Answered) => void>();
  let died: PluginFailure | undefined;
  let nextId = 0;
  const complaint = collectComplaint(child);
  const exited = new Promise<void>((resolve) => {
    const onGone = (how: string, cause?: unknown): void => {
      died ??= pluginFailure('FILTER_CRASHED', `the detector process ${how}${complaint()}`, cause);
      for (const answer of waiting.values()) answer(err(died));
      waiting.clear();
      resolve();
    };
    child.on('error', (error) => onGone('could not be started or reached', error));
    child.on('close', (code, signal) => onGone(signal === null ? `ended with code ${code}` : `was ended by ${signal}`));
  });
  child.on('message', (answer: DetectorAnswer) => {
    waiting.get(answer.id)?.(ok(answer));
    waiting.delete(answer.id);
    holdOpen(child, waiting.size > 0);
  });
  const ask = (request: Asked): Promise<Answered> => {
    if (died !== undefined) return Promise.resolve(err(died));
    const id = nextId++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), ANSWER_TIMEOUT_MS);
      waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      holdOpen(child, true);
      // A process that is gone is noticed by its end.
      child.send({ ...request, id }, () => {});
    });
  };
  holdOpen(child, false);
  return {
    load: async () => loaded(model, await ask({ type: 'load', model, provider })),
    infer: async (frame) => seen(model, await ask({ type: 'infer', frame })),
    isAlive: () => died === undefined && child.exitCode === null && child.signalCode === null,
    close: async () => {
      holdOpen(child, died === undefined);
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function loaded(model: ModelFile, answer: Answered): Result<void, PluginFailure> {
  if (!answer.ok) return answer;
  return answer.value.type === 'loaded' ? ok(undefined) : refused(model, answer.value);
}

function seen(model: ModelFile, answer: Answered): Result<SeenFrame, PluginFailure> {
  if (!answer.ok) return answer;
  return answer.value.type === 'seen' ? ok(answer.value) : refused(model, answer.value);
}

function refused({ manifest }: ModelFile, answer: DetectorAnswer): Result<never, PluginFailure> {
  const why = answer.type === 'refused' ? answer.message : `it answered ${answer.type}`;
  return err(pluginFailure('FILTER_MODEL_UNAVAILABLE', `the model ${manifest.id} cannot be used: ${why}`));
}

/** Whether this child keeps our process running: only while an answer, or its end, is awaited. */
function holdOpen(child: ChildProcess, hold: boolean): void {
  const how = hold ? 'ref' : 'unref';
  child[how]();
  child.channel?.[how]();
  // The stream is a socket, which the types do not tell.
  if (child.stderr instanceof Socket) child.stderr[how]();
}

function collectComplaint(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8');
  child.stderr?.on('data', (data: string) => {
    text = (text + data).slice(-COMPLAINT_CHARS);
  });
  return () => (text.trim() === '' ? '' : `: ${text.trim()}`);
}
