import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { yoloFilter } from '../../../../src/plugins/filters/yolo/index.ts';
import { settingsFor } from '../../../../src/plugins/filters/yolo/settings.ts';
import { installTestModel, reddestManifest } from '../../../support/tiny-model.ts';

const modelsDir = mkdtempSync(join(tmpdir(), 'homesec-models-'));
afterAll(() => rmSync(modelsDir, { recursive: true }));

const parse = (config: object) => yoloFilter.configSchema.parse(config);
const problemsOf = (config: object, given: { modelsDir?: string } = {}) => {
  const facts = { cameraNames: ['Front Door'], activityTypes: [], filterClasses: [], ...given };
  return yoloFilter.checkConfig?.(parse(config), facts) ?? [];
};

describe('the configuration of yolo', () => {
  it('looks for people twice a second when nothing is said', () => {
    // Given no settings
    // When they are parsed
    // Then people are looked for, in two frames a second
    expect(parse({})).toMatchObject({
      classes: ['person'],
      min_confidence: 0.5,
      sample_fps: 2,
      min_box_h_ratio: 0.1,
      min_hits: 1,
    });
    expect(() => parse({ sample_rate: 2 })).toThrow('sample_rate');
  });

  it('takes any of the 80 classes and names the nearest to one it does not know', () => {
    // Given classes of all kinds, and two mistyped ones
    expect(problemsOf({ classes: ['truck', 'bicycle', 'backpack', 'Traffic Light'] })).toEqual([]);
    // When they are checked
    const problems = problemsOf({ classes: ['person', 'bycicle'], overrides: { 'Front Door': { classes: ['persn'] } } });
    // Then each is named by its place, with what was meant
    expect(problems).toMatchObject([
      { path: ['classes', 1], fix: expect.stringContaining('Did you mean bicycle?') },
      { path: ['overrides', 'Front Door', 'classes', 0], fix: expect.stringContaining('Did you mean person?') },
    ]);
  });

  it('refuses settings for a camera that does not exist', () => {
    // Given a camera in other letters
    // When it is checked
    const problems = problemsOf({ overrides: { front_door: { min_hits: 2 } } });
    // Then the camera that was meant is named
    expect(problems).toMatchObject([
      { path: ['overrides', 'front_door'], fix: expect.stringContaining('Did you mean Front Door?') },
    ]);
  });

  it("goes by an installed model's own labels", async () => {
    // Given a model that knows parcels
    await installTestModel(modelsDir, { ...reddestManifest(new Uint8Array()), labels: ['parcel'] }, new Uint8Array());
    // When classes are checked against it, by id and by path
    // Then a parcel is fine and a person is not
    for (const model of ['reddest', join(modelsDir, 'reddest', 'manifest.json')]) {
      expect(problemsOf({ model, classes: ['parcel'] }, { modelsDir })).toEqual([]);
      expect(problemsOf({ model }, { modelsDir })).toMatchObject([{ path: ['classes', 0] }]);
    }
  });

  it('says when a manifest is missing or wrong, but not when a model is yet to be pulled', () => {
    // Given a path without file, a manifest with an unknown decoder, and an id that is not installed
    const wrong = join(modelsDir, 'wrong.json');
    writeFileSync(wrong, JSON.stringify({ ...reddestManifest(new Uint8Array()), output: { decoder: 'ssd' } }));
    // When they are checked
    // Then the first two are problems of `model`
    expect(problemsOf({ model: './nowhere/manifest.json' }, { modelsDir })).toMatchObject([{ path: ['model'] }]);
    expect(problemsOf({ model: wrong }, { modelsDir })).toMatchObject([
      { path: ['model'], what: expect.stringContaining('output.decoder') },
    ]);
    expect(problemsOf({ model: 'yolox_s' }, { modelsDir })).toEqual([]);
  });

  it('reports the classes of all cameras, and uses those of one', () => {
    // Given a camera that watches for cars
    const config = parse({ overrides: { Drive: { classes: ['car', 'person'], sample_fps: 4 } } });
    // When its settings and the classes of all are asked for
    // Then each has its own and the rest of the common ones
    expect(yoloFilter.classesOf?.(config)).toEqual(['person', 'car']);
    expect(settingsFor(config, 'Drive')).toMatchObject({ classes: ['car', 'person'], sampleFps: 4, minConfidence: 0.5 });
    expect(settingsFor(config, 'constructor')).toMatchObject({ classes: ['person'], sampleFps: 2 });
  });
});
