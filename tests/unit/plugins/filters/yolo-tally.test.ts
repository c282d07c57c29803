import { describe, expect, it } from 'vitest';
import type { FrameSighting } from '../../../../src/inference/detector-messages.ts';
import type { DetectSettings } from '../../../../src/plugins/filters/yolo/settings.ts';
import { createTally } from '../../../../src/plugins/filters/yolo/tally.ts';

const settings: DetectSettings = {
  ...{ classes: ['person', 'dog'], minConfidence: 0.5, sampleFps: 2, minBoxHeight: 0.1, minHits: 2 },
};
const sight = (className: string, confidence: number, height = 0.5): FrameSighting => ({
  ...{ className, confidence },
  box: { x: 0, y: 0, width: 0.2, height },
});

describe('the tally of a clip', () => {
  it('keeps the best sight of each class that was in enough frames, best first', () => {
    // Given a person in three frames, a dog in two, two dogs in one frame
    const tally = createTally(settings);
    // When they are added
    tally.add({ atMs: 0, sightings: [sight('person', 0.6)] });
    tally.add({ atMs: 500, sightings: [sight('person', 0.8), sight('dog', 0.9), sight('dog', 0.95)] });
    tally.add({ atMs: 1000, sightings: [sight('person', 0.7), sight('dog', 0.6)] });
    // Then there is one detection per class, with the time of its best frame
    expect(tally.detections()).toMatchObject([
      { className: 'dog', confidence: 0.95, atMs: 500 },
      { className: 'person', confidence: 0.8, atMs: 500 },
    ]);
    expect(tally.frames()).toBe(3);
  });

  it('is decided only when every wanted class was in enough frames', () => {
    // Given a dog, seen often, before the person comes
    const tally = createTally(settings);
    for (const atMs of [0, 500, 1000]) tally.add({ atMs, sightings: [sight('dog', 0.9)] });
    expect(tally.isDecided()).toBe(false);
    // When the person has been in one frame, then in two
    tally.add({ atMs: 1500, sightings: [sight('person', 0.9)] });
    expect(tally.isDecided()).toBe(false);
    tally.add({ atMs: 2000, sightings: [sight('person', 0.9)] });
    // Then it is decided
    expect(tally.isDecided()).toBe(true);
  });

  it('counts neither the unsure nor the far away nor the unwanted', () => {
    // Given frames with an unsure person, a small one, and a car
    const tally = createTally({ ...settings, minHits: 1 });
    // When they are added
    tally.add({ atMs: 0, sightings: [sight('person', 0.49), sight('person', 0.9, 0.09), sight('car', 0.99)] });
    // Then nothing was seen
    expect(tally.detections()).toEqual([]);
  });

  it('asks no more frames of a class than the clip has', () => {
    // Given a clip of a single frame, with a person in it
    const tally = createTally({ ...settings, minHits: 5 });
    // When it has been added
    tally.add({ atMs: 0, sightings: [sight('person', 0.9)] });
    // Then the person counts
    expect(tally.detections()).toMatchObject([{ className: 'person' }]);
  });

  it('is empty without frames', () => {
    // Given no frame
    // When the detections are asked for
    // Then there is none
    expect(createTally(settings).detections()).toEqual([]);
  });
});
