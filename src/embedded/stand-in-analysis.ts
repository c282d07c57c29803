import type { EntityType } from '../domain/analysis.ts';
import type { RiskLevel } from '../domain/risk.ts';

/** What the prompt says that the detector saw. */
interface NamedObject {
  readonly className: string;
  readonly confidence?: string;
  readonly at?: string;
}

const VEHICLES = ['bicycle', 'car', 'motorcycle', 'airplane', 'bus', 'train', 'truck', 'boat'];
const ANIMALS = ['bird', 'cat', 'dog', 'horse', 'sheep', 'cow', 'elephant', 'bear', 'zebra', 'giraffe'];

/**
 * An answer in the form of `sequence_analysis` that repeats what the prompt says of the detections, and says that it does.
 * @param prompt all text of the request: a line `Detected objects: …` and a line `Frame n of m at HH:MM:SS.cc` per picture.
 */
export function answerFromPrompt(prompt: string) {
  const objects = namedObjects(prompt);
  const times = [...prompt.matchAll(/^Frame \d+ of \d+ at (\S+)$/gm)].map(([, time]) => time ?? '');
  const start = times.at(0) ?? '00:00:00.00';
  const end = times.at(-1) ?? start;
  return {
    sequence_description: `Stand-in answer: no model looked at the pictures. ${repeatDetector(objects)}`,
    max_risk_level: riskOf(objects),
    primary_activity: objects?.length === 0 ? 'no_activity' : 'unknown',
    observations: ['This answer repeats the object detector; no picture was looked at.', ...(objects ?? []).map(describeObject)],
    entities_timeline: (objects ?? []).map((object) => ({
      type: entityTypeOf(object.className),
      first_seen_timestamp: object.at ?? start,
      last_seen_timestamp: object.at ?? end,
      description: `${object.className}, as named by the object detector`,
      movement: 'not looked at',
      location: 'not looked at',
      interaction: 'not looked at',
    })),
    requires_review: true,
    frame_count: times.length,
    video_start_time: start,
    video_end_time: end,
  };
}

/** Undefined when the prompt does not say, or says that it is not known. */
function namedObjects(prompt: string): NamedObject[] | undefined {
  const line = /^Detected objects: (.+)$/m.exec(prompt)?.[1]?.trim();
  if (line === undefined || line.startsWith('not known')) return undefined;
  if (line === 'none') return [];
  return line.split(', ').map((text) => {
    const [, className, confidence, at] = /^(.+) \(([\d.]+) at ([\d:.]+)\)$/.exec(text) ?? [];
    return className === undefined || confidence === undefined || at === undefined
      ? { className: text }
      : { className, confidence, at };
  });
}

function repeatDetector(objects: readonly NamedObject[] | undefined): string {
  if (objects === undefined) return 'The object detector has no result.';
  if (objects.length === 0) return 'The object detector reported nothing.';
  return `The object detector reported: ${objects.map(({ className }) => className).join(', ')}.`;
}

const describeObject = ({ className, confidence, at }: NamedObject): string =>
  confidence === undefined ? className : `${className}, confidence ${confidence}, seen best at ${at}`;

/** A person, or who knows what, is worth a look; nothing here could know of more. */
const riskOf = (objects: readonly NamedObject[] | undefined): RiskLevel =>
  objects === undefined || objects.some(({ className }) => className === 'person') ? 'medium' : 'low';

function entityTypeOf(className: string): EntityType {
  if (className === 'person') return 'person';
  if (VEHICLES.includes(className)) return 'vehicle';
  return ANIMALS.includes(className) ? 'animal' : 'object';
}
