import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openVlmStandIn, type VlmStandIn } from '../../../src/embedded/vlm-stand-in.ts';
import { completionSchema } from '../../../src/plugins/analyzers/openai/reply.ts';
import { sequenceJsonSchema, sequenceSchema } from '../../../src/plugins/analyzers/openai/sequence-schema.ts';

let standIn: VlmStandIn;
beforeEach(async () => {
  standIn = await openVlmStandIn();
});
afterEach(() => standIn.close());

const post = (body: unknown) =>
  fetch(`${standIn.baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

async function ask(text: string, rest: object = {}) {
  const picture = { type: 'image_url', image_url: { url: 'data:image/jpeg;base64,' } };
  const response = await post({ model: 'm', messages: [{ role: 'user', content: [{ type: 'text', text }, picture] }], ...rest });
  const completion = completionSchema.parse(await response.json());
  return { ...completion, answer: sequenceSchema.parse(JSON.parse(completion.choices[0]?.message.content ?? '')) };
}

describe('an answer of the stand-in', () => {
  test('repeats the detections, and says that no picture was looked at', async () => {
    // Given
    const prompt =
      'Detected objects: person (0.87 at 00:00:03.00), car (0.51 at 00:00:04.00), dog (0.50 at 00:00:05.00), dining table';
    // When
    const { answer, model } = await ask(`Camera: Yard\n${prompt}\nFrame 1 of 2 at 00:00:01.00\nFrame 2 of 2 at 00:00:09.00`);
    // Then
    expect(model).toBe('homesec-stand-in');
    expect(answer.sequence_description).toBe(
      'Stand-in answer: no model looked at the pictures. The object detector reported: person, car, dog, dining table.',
    );
    expect(answer).toMatchObject({
      max_risk_level: 'medium',
      primary_activity: 'unknown',
      requires_review: true,
      frame_count: 2,
    });
    expect(answer).toMatchObject({ video_start_time: '00:00:01.00', video_end_time: '00:00:09.00' });
    expect(answer.entities_timeline.map(({ type, first_seen_timestamp }) => [type, first_seen_timestamp])).toEqual([
      ['person', '00:00:03.00'],
      ['vehicle', '00:00:04.00'],
      ['animal', '00:00:05.00'],
      ['object', '00:00:01.00'],
    ]);
  });

  test.each([
    ['Detected objects: none', 'low', 'no_activity', 'reported nothing'],
    ['Detected objects: not known, the detector has no result', 'medium', 'unknown', 'has no result'],
    ['Hello', 'medium', 'unknown', 'has no result'],
    ['Detected objects: dog (0.50 at 00:00:05.00)', 'low', 'unknown', 'reported: dog'],
  ])('to %j', async (text, risk, activity, said) => {
    // Given
    const question = text;
    // When
    const { answer } = await ask(question);
    // Then
    expect(answer).toMatchObject({ max_risk_level: risk, primary_activity: activity });
    expect(answer.sequence_description).toContain(said);
  });

  test('has just the fields of the schema that it is given', async () => {
    // Given
    const response_format = { type: 'json_schema', json_schema: { name: 's', schema: sequenceJsonSchema } };
    // When
    const { answer } = await ask('Detected objects: none', { response_format });
    // Then
    expect(Object.keys(answer)).toEqual(Object.keys(Object(sequenceJsonSchema['properties'])));
  });
});

describe('what the stand-in cannot do it refuses in the way of OpenAI', () => {
  const schema = { properties: { poem: {} } };
  test.each([
    ['another schema', { messages: [{ role: 'user', content: 'a' }], response_format: { json_schema: { schema } } }],
    ['no messages', { messages: [] }],
    ['no JSON', '{'],
  ])('%s', async (_what, body) => {
    // Given
    const question = body;
    // When
    const response = await post(question);
    // Then
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error', message: expect.any(String) } });
  });

  test('other addresses', async () => {
    // Given
    const address = `${standIn.baseUrl}/embeddings`;
    // When
    const response = await fetch(address);
    // Then
    expect(response.status).toBe(404);
  });

  test('questions without end', async () => {
    // Given
    const body = 'x'.repeat(65 * 1024 * 1024);
    // When
    const status = await post(body).then(
      (response) => response.status,
      // It may hang up while we are still sending.
      () => 'hung up',
    );
    // Then
    expect([413, 'hung up']).toContain(status);
    expect((await fetch(`${standIn.baseUrl}/models`)).status).toBe(200);
  });
});

test('the stand-in lists itself as a model, on the port asked for, on this machine only', async () => {
  // Given
  const port = Number(new URL(standIn.baseUrl).port);
  await standIn.close();
  const again = await openVlmStandIn({ port });
  // When
  const response = await fetch(`${again.baseUrl}/models`);
  await again.close();
  // Then
  expect(again.baseUrl).toBe(`http://127.0.0.1:${port}/v1`);
  expect(await response.json()).toMatchObject({ data: [{ id: 'homesec-stand-in' }] });
});
