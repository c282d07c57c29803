import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { nearestTo } from '../../../domain/nearest.ts';
import { COCO_LABELS } from '../../../inference/coco-labels.ts';
import { isManifestPath, manifestPath, parseModelFile } from '../../../inference/model-file.ts';
import type { ConfigFacts, ConfigProblem } from '../../spec/plugin.ts';
import type { YoloConfig } from './config.ts';

/** Finds cameras that do not exist, classes that the model does not know, and a model manifest that is not there. */
export function checkYoloConfig(config: YoloConfig, facts: ConfigFacts): readonly ConfigProblem[] {
  const { labels, problems } = readLabels(config.model, facts);
  return [
    ...problems,
    ...checkClasses(config.classes, ['classes'], labels),
    ...Object.entries(config.overrides).flatMap(([cameraName, own]) => [
      ...checkCamera(cameraName, facts),
      ...checkClasses(own.classes ?? [], ['overrides', cameraName, 'classes'], labels),
    ]),
  ];
}

interface KnownLabels {
  readonly labels: readonly string[];
  readonly problems: readonly ConfigProblem[];
}

/** The classes of an installed model. One that is not installed yet is no problem of the configuration; `doctor` tells of it. */
function readLabels(model: string, { modelsDir, baseDir = '.' }: ConfigFacts): KnownLabels {
  if (!isManifestPath(model) && modelsDir === undefined) return { labels: COCO_LABELS, problems: [] };
  const path = resolve(baseDir, manifestPath(model, modelsDir ?? ''));
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    const fix = 'Write the path of a manifest that exists, or the id of a model that `homesec models list` shows.';
    const missing = { path: ['model'], what: 'There is no model manifest at this path.', fix };
    return { labels: COCO_LABELS, problems: isManifestPath(model) ? [missing] : [] };
  }
  const parsed = parseModelFile(text, path);
  if (parsed.ok) return { labels: parsed.value.manifest.labels, problems: [] };
  const invalid = {
    path: ['model'],
    what: `${parsed.error.message}.`,
    fix: 'Correct the manifest as the guide on models shows.',
  };
  return { labels: COCO_LABELS, problems: [invalid] };
}

function checkCamera(cameraName: string, { cameraNames }: ConfigFacts): ConfigProblem[] {
  if (cameraNames.includes(cameraName)) return [];
  const fix = fixOf(
    nearestTo(cameraName, cameraNames),
    `Use the name of a configured camera: ${cameraNames.join(', ') || 'none'}.`,
  );
  return [{ path: ['overrides', cameraName], what: 'No camera has this name, so the settings would never apply.', fix }];
}

function checkClasses(classes: readonly string[], path: readonly string[], labels: readonly string[]): ConfigProblem[] {
  return classes.flatMap((className, index) => {
    if (labels.includes(className)) return [];
    const fix = fixOf(nearestTo(className, labels), "Use one of the model's classes; the guide lists those of COCO.");
    return [{ path: [...path, index], what: 'The model knows no such class.', fix }];
  });
}

const fixOf = (nearest: string | undefined, fix: string): string =>
  nearest === undefined ? fix : `Did you mean ${nearest}? ${fix}`;
