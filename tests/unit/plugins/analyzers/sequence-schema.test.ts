import { expect, test } from 'vitest';
import { cleanText } from '../../../../src/kit/clean-text.ts';
import { sequenceJsonSchema } from '../../../../src/plugins/analyzers/openai/sequence-schema.ts';

test('the schema is strict in all its objects and has the fields that consumers know', () => {
  // Given
  const objects: Record<string, unknown>[] = [];
  // When
  collectObjects(sequenceJsonSchema, objects);
  // Then
  expect(objects.map(({ required }) => required)).toEqual([
    [
      'sequence_description',
      'max_risk_level',
      'primary_activity',
      'observations',
      'entities_timeline',
      'requires_review',
      'frame_count',
      'video_start_time',
      'video_end_time',
    ],
    ['type', 'first_seen_timestamp', 'last_seen_timestamp', 'description', 'movement', 'location', 'interaction'],
  ]);
  for (const object of objects) {
    expect(object['additionalProperties']).toBe(false);
    expect(Object.keys(Object(object['properties']))).toEqual(object['required']);
  }
  expect(JSON.stringify(sequenceJsonSchema)).not.toMatch(/minimum|maximum|\$schema|\$ref/);
});

test.each([
  ['plain', 10, 'plain'],
  ['  two\nlines\t\r\u0000\u0085 ', 20, 'two\nlines'],
  ['0123456789', 5, '0123…'],
  ['012💥', 4, '012…'],
  ['0💥1', 3, '0\ufffd…'],
  ['\ud800', 5, '\ufffd'],
])('%j cleaned to %i characters is %j', (text, maxChars, expected) => {
  // Given
  const dirty = text;
  // When
  const clean = cleanText(dirty, maxChars);
  // Then
  expect(clean).toBe(expected);
});

function collectObjects(value: unknown, into: Record<string, unknown>[]): void {
  if (typeof value !== 'object' || value === null) return;
  const object = Object.fromEntries(Object.entries(value));
  if (object['type'] === 'object') into.push(object);
  for (const member of Object.values(object)) collectObjects(member, into);
}
