import { type ZodType, z } from 'zod';
import type { ConfigPath } from './issue.ts';
import { isMapping } from './yaml-file.ts';

/** What a schema says of one place below it. */
export interface SchemaPlace {
  readonly description?: string;
  /** Keys that a mapping here may have. */
  readonly keys: readonly string[];
}

/** Looks a place up in a zod schema, by way of the JSON schema that zod makes of it. */
export function lookUp(schema: ZodType, path: ConfigPath): SchemaPlace {
  let places = [jsonSchemaOf(schema)];
  for (const segment of path) places = places.flatMap(alternatives).flatMap((place) => below(place, segment));
  const all = places.flatMap(alternatives);
  const description = all.map((place) => place['description']).find((text) => typeof text === 'string');
  const keys = all.flatMap((place) => (isMapping(place['properties']) ? Object.keys(place['properties']) : []));
  return { keys, ...(description === undefined ? {} : { description }) };
}

/** The JSON schema of what an owner may write. Refinements and transforms have no form in it and are left out. */
export function jsonSchemaOf(schema: ZodType): JsonSchema {
  try {
    return { ...z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) };
  } catch {
    // A third-party plugin may bring another release of zod; then there are no suggestions.
    return {};
  }
}

export type JsonSchema = Readonly<Record<string, unknown>>;

function alternatives(place: JsonSchema): JsonSchema[] {
  const branches = ['anyOf', 'oneOf', 'allOf'].flatMap((word) => listOf(place[word]));
  return [place, ...branches.flatMap(alternatives)];
}

function below(place: JsonSchema, segment: string | number): JsonSchema[] {
  if (typeof segment === 'number') return [place['items'], listOf(place['prefixItems'])[segment]].filter(isMapping);
  const properties = isMapping(place['properties']) ? place['properties'] : {};
  const own = Object.hasOwn(properties, segment) ? properties[segment] : undefined;
  return [own ?? place['additionalProperties']].filter(isMapping);
}

const listOf = (value: unknown): JsonSchema[] => (Array.isArray(value) ? value.filter(isMapping) : []);
