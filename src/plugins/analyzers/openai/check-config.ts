import { nearestTo } from '../../../domain/nearest.ts';
import type { ConfigFacts, ConfigProblem } from '../../spec/plugin.ts';
import type { OpenaiAnalyzerConfig } from './config.ts';

/** Finds words about cameras that do not exist. */
export function checkOpenaiAnalyzerConfig(config: OpenaiAnalyzerConfig, { cameraNames }: ConfigFacts): readonly ConfigProblem[] {
  const unknown = Object.keys(config.camera_context).filter((cameraName) => !cameraNames.includes(cameraName));
  return unknown.map((cameraName) => {
    const nearest = nearestTo(cameraName, cameraNames);
    const hint = nearest === undefined ? '' : `Did you mean ${nearest}? `;
    return {
      path: ['camera_context', cameraName],
      what: 'No camera has this name, so the model would never be told.',
      fix: `${hint}Use the name of a configured camera: ${cameraNames.join(', ') || 'there is none'}.`,
    };
  });
}
