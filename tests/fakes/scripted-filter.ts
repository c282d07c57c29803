import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Detection, FilterResult } from '../../src/domain/detection.ts';
import { err, ok, type Result } from '../../src/domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../src/domain/stage-error.ts';
import type { Filter, FilterRequest } from '../../src/plugins/spec/filter.ts';

export type FilterScript = (request: FilterRequest) => Result<FilterResult, PluginFailure>;

/** A result with the given classes, in this order of confidence. */
export function sawClasses(...classNames: string[]): FilterResult {
  const detections = classNames.map(
    (className, index): Detection => ({
      className,
      confidence: 0.9 / (index + 1),
      box: { x: 0.25, y: 0.25, width: 0.5, height: 0.5 },
      atMs: 1000 * index,
    }),
  );
  return {
    detectedClasses: classNames,
    confidence: detections[0]?.confidence ?? 0,
    model: 'scripted',
    modelSha256: '0'.repeat(64),
    sampledFrames: 20,
    detections,
  };
}

/** Sees what the file's name says: `person+dog.mp4`, `empty.mp4`, `broken.mp4`. */
export const byFileName: FilterScript = ({ path }) => {
  const [name = ''] = basename(path).split('.');
  if (name === 'broken') return err(pluginFailure('CLIP_UNREADABLE', `${path} is no video`));
  return ok(name === 'empty' ? sawClasses() : sawClasses(...name.split('+')));
};

/** Answers by a script; never opens the file, but asks that it be there. */
export class ScriptedFilter implements Filter {
  readonly #script: FilterScript;
  readonly #seen: string[] = [];
  #isClosed = false;

  constructor(script: FilterScript = byFileName) {
    this.#script = script;
  }

  /** Paths it was asked about, in order. */
  get seen(): readonly string[] {
    return this.#seen;
  }

  async detect(request: FilterRequest): Promise<Result<FilterResult, PluginFailure>> {
    request.signal.throwIfAborted();
    if (this.#isClosed) return err(pluginFailure('FILTER_CRASHED', 'closed'));
    const found = await stat(request.path).catch(() => undefined);
    if (found === undefined) return err(pluginFailure('CLIP_MISSING', `${request.path} is gone`));
    this.#seen.push(request.path);
    const result = this.#script(request);
    for (let frame = 0; result.ok && frame < result.value.sampledFrames; frame += 1) await request.giveWay?.();
    if (result.ok) request.onProgress(result.value.sampledFrames);
    return result;
  }

  async ping(): Promise<Result<void, PluginFailure>> {
    return this.#isClosed ? err(pluginFailure('FILTER_CRASHED', 'closed')) : ok(undefined);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }
}
