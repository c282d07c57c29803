import type { Detection } from '../../../domain/detection.ts';
import type { FrameSighting } from '../../../inference/detector-messages.ts';
import type { DetectSettings } from './settings.ts';

/** Counts, class by class, what was seen in the frames of one clip. */
export interface Tally {
  add(frame: { readonly atMs: number; readonly sightings: readonly FrameSighting[] }): void;
  frames(): number;
  /**
   * Whether more frames could not change which classes were detected: each wanted class has been seen in enough frames. A class seen
   * in too few is never decided before the end, so looking ends early only when everything wanted has been found.
   */
  isDecided(): boolean;
  /** The best sight of each class that was seen in enough frames, best first. */
  detections(): Detection[];
}

interface ClassTally {
  readonly hits: number;
  readonly best: Detection;
}

export function createTally(settings: DetectSettings): Tally {
  const classes = new Map<string, ClassTally>();
  let frames = 0;
  const hitsOf = (className: string): number => classes.get(className)?.hits ?? 0;
  return {
    add: ({ atMs, sightings }) => {
      frames += 1;
      for (const best of bestPerClass(sightings, settings)) {
        const known = classes.get(best.className);
        const better = known === undefined || best.confidence > known.best.confidence;
        classes.set(best.className, { hits: hitsOf(best.className) + 1, best: better ? { ...best, atMs } : known.best });
      }
    },
    frames: () => frames,
    isDecided: () => settings.classes.every((className) => hitsOf(className) >= settings.minHits),
    detections: () => {
      const needed = Math.max(1, Math.min(settings.minHits, frames));
      const enough = [...classes.values()].filter(({ hits }) => hits >= needed);
      return enough.map(({ best }) => best).toSorted((a, b) => b.confidence - a.confidence);
    },
  };
}

function bestPerClass(sightings: readonly FrameSighting[], settings: DetectSettings): FrameSighting[] {
  const best = new Map<string, FrameSighting>();
  for (const sighting of sightings) {
    const counts =
      settings.classes.includes(sighting.className) &&
      sighting.confidence >= settings.minConfidence &&
      sighting.box.height >= settings.minBoxHeight;
    if (counts && sighting.confidence > (best.get(sighting.className)?.confidence ?? -1)) best.set(sighting.className, sighting);
  }
  return [...best.values()];
}
