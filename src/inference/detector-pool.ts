import { ok, type Result } from '../domain/result.ts';
import type { PluginFailure } from '../domain/stage-error.ts';
import { type Detector, openDetector } from './detector.ts';
import type { Provider } from './detector-messages.ts';
import type { ModelFile } from './model-file.ts';

/** Detectors kept warm between clips. A clip has one to itself, so that a crash costs that clip's attempt and no other. */
export interface DetectorPool {
  /** The process starts at once; `ready` tells when its model is loaded. */
  lease(): DetectorLease;
  close(): Promise<void>;
}

export interface DetectorLease {
  readonly detector: Detector;
  readonly ready: Promise<Result<void, PluginFailure>>;
  /** `idle`: it owes no answer and can serve the next clip. `spoiled`: it is ended. */
  giveBack(condition: 'idle' | 'spoiled'): Promise<void>;
}

export function createDetectorPool(model: ModelFile, provider: Provider): DetectorPool {
  const idle: Detector[] = [];
  const all = new Set<Detector>();
  let closed = false;
  const end = async (detector: Detector): Promise<void> => {
    all.delete(detector);
    await detector.close();
  };
  const giveBack = async (detector: Detector, condition: 'idle' | 'spoiled'): Promise<void> => {
    if (condition === 'spoiled' || closed || !detector.isAlive()) return await end(detector);
    idle.push(detector);
  };
  const warm = (): Detector | undefined => {
    for (let detector = idle.pop(); detector !== undefined; detector = idle.pop()) {
      if (detector.isAlive()) return detector;
      all.delete(detector);
    }
    return undefined;
  };
  return {
    lease: () => {
      const found = warm();
      const detector = found ?? openDetector(model, provider);
      all.add(detector);
      const ready = found === undefined ? detector.load() : Promise.resolve(ok(undefined));
      return { detector, ready, giveBack: (condition) => giveBack(detector, condition) };
    },
    close: async () => {
      closed = true;
      await Promise.all([...all].map(end));
    },
  };
}
