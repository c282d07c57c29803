import { z } from 'zod';
import {
  ACTIVITY_TYPES,
  type ActivityType,
  ENTITY_TYPES,
  type EntityTimeline,
  type SequenceAnalysis,
} from '../../../domain/analysis.ts';
import { RISK_LEVELS, RISK_MEANINGS } from '../../../domain/risk.ts';
import { cleanText } from '../../../kit/clean-text.ts';

const ACTIVITY_MEANINGS: Readonly<Record<ActivityType, string>> = {
  normal_delivery: 'a parcel, letter or meal is brought',
  normal_visitor: 'someone comes openly to the door or is let in; residents coming and going',
  passerby: 'people, vehicles or animals that pass and want nothing here',
  suspicious_behavior: 'lingering, looking into windows or vehicles, hiding, trying handles, taking a parcel',
  dangerous_activity: 'break-in, violence, weapon, fire, a person in distress',
  no_activity: 'nothing happens but light, weather or plants in the wind',
  unknown: 'it cannot be told',
};

const listMeanings = (meanings: Readonly<Record<string, string>>): string =>
  Object.entries(meanings)
    .map(([word, meaning]) => `${word}: ${meaning}`)
    .join('; ');

/** What the words of the two choices mean, as the model is told in the prompt and in the schema. */
export const RISK_WORDS = listMeanings(RISK_MEANINGS);
export const ACTIVITY_WORDS = listMeanings(ACTIVITY_MEANINGS);

/** Weak servers write `Low` or ` low`; the schema they are shown has the plain words. */
const oneOf = <const Word extends string>(words: readonly Word[]) => z.string().trim().toLowerCase().pipe(z.enum(words));
const mediaTime = (what: string) => z.string().describe(`${what}, one of the given frame times, HH:MM:SS.cc.`);

const entitySchema = z.object({
  type: oneOf(ENTITY_TYPES).describe('What it is.'),
  first_seen_timestamp: mediaTime('First frame that shows it'),
  last_seen_timestamp: mediaTime('Last frame that shows it'),
  description: z.string().describe('How it looks, so that the owner would recognise it.'),
  movement: z.string().describe('Where it comes from, where it goes, how fast.'),
  location: z.string().describe('Where in the scene it is.'),
  interaction: z.string().describe('What it does with people, doors, vehicles or things; "none" if nothing.'),
});

/** The answer as it goes over the wire. Reading drops keys that are not in it; the JSON schema below forbids them. */
export const sequenceSchema = z.object({
  sequence_description: z.string().describe('What happens in the clip, in two or three sentences for a phone alert.'),
  max_risk_level: oneOf(RISK_LEVELS).describe(`Highest risk at any moment. ${RISK_WORDS}.`),
  primary_activity: oneOf(ACTIVITY_TYPES).describe(`What the clip is mainly about. ${ACTIVITY_WORDS}.`),
  observations: z.array(z.string()).describe('Short single facts that matter, most important first.'),
  entities_timeline: z.array(entitySchema).describe('One entry for each person, vehicle, animal or parcel.'),
  requires_review: z.boolean().describe('Whether a person should look at the clip because it is unclear or serious.'),
  frame_count: z.int().describe('Number of frames given.'),
  video_start_time: mediaTime('The first frame'),
  video_end_time: mediaTime('The last frame'),
});
export type WireSequence = z.output<typeof sequenceSchema>;

export const SEQUENCE_SCHEMA_NAME = 'sequence_analysis';

/** As strict mode wants it: every key required, none besides, no limits on numbers (many servers know none). */
export const sequenceJsonSchema: Record<string, unknown> = withoutDialect(
  z.toJSONSchema(sequenceSchema, {
    override: ({ jsonSchema }) => {
      delete jsonSchema.minimum;
      delete jsonSchema.maximum;
    },
  }),
);

function withoutDialect({ $schema: _dialect, ...schema }: Record<string, unknown>): Record<string, unknown> {
  return schema;
}

// Together under 80,000 characters: far below what a workflow's history carries in one payload (2 MB).
const MAX_DESCRIPTION_CHARS = 2000;
const MAX_TEXT_CHARS = 400;
const MAX_TIME_CHARS = 32;
const MAX_OBSERVATIONS = 40;
const MAX_ENTITIES = 30;

/** What was really sent: a model that counts or copies badly does not change these facts. */
export interface SentFrames {
  readonly frameCount: number;
  readonly videoStartTime: string;
  readonly videoEndTime: string;
}

/** The domain's form of an answer, every text cleaned and shortened, every list cut. */
export function toSequenceAnalysis(wire: WireSequence, sent: SentFrames): SequenceAnalysis {
  return {
    sequenceDescription: cleanText(wire.sequence_description, MAX_DESCRIPTION_CHARS),
    maxRiskLevel: wire.max_risk_level,
    primaryActivity: wire.primary_activity,
    observations: wire.observations.slice(0, MAX_OBSERVATIONS).map((text) => cleanText(text, MAX_TEXT_CHARS)),
    entitiesTimeline: wire.entities_timeline.slice(0, MAX_ENTITIES).map(toEntity),
    requiresReview: wire.requires_review,
    ...sent,
  };
}

const toEntity = (wire: WireSequence['entities_timeline'][number]): EntityTimeline => ({
  type: wire.type,
  firstSeenTimestamp: cleanText(wire.first_seen_timestamp, MAX_TIME_CHARS),
  lastSeenTimestamp: cleanText(wire.last_seen_timestamp, MAX_TIME_CHARS),
  description: cleanText(wire.description, MAX_TEXT_CHARS),
  movement: cleanText(wire.movement, MAX_TEXT_CHARS),
  location: cleanText(wire.location, MAX_TEXT_CHARS),
  interaction: cleanText(wire.interaction, MAX_TEXT_CHARS),
});
