import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { RISK_MEANINGS } from '../../../src/domain/risk.ts';
import { KEY, useAnalyzer } from '../../support/openai-analyzer.ts';
import { fails, says, sequence } from '../../support/openai-server.ts';
import { filterResult } from '../../support/policy-facts.ts';

const { given, analyzerWith, requestOf, failureOf } = useAnalyzer();

describe('a good answer', () => {
  test('becomes the result, with the facts of what was sent, the prompt version and the tokens', async () => {
    // Given
    const { analyzer } = await analyzerWith();
    // When
    const analyzed = await analyzer.analyze(requestOf());
    // Then
    expect(analyzed).toMatchObject({
      ok: true,
      value: {
        riskLevel: 'low',
        activityType: 'normal_delivery',
        summary: 'A courier puts a parcel down and leaves.',
        model: 'vision-2026-11',
        promptVersion: '1',
        promptTokens: 1200,
        completionTokens: 300,
        analysis: { requiresReview: false, frameCount: 4, videoStartTime: '00:00:00.00', entitiesTimeline: [{ type: 'person' }] },
      },
    });
    expect(analyzed.ok && analyzed.value.analysis?.videoEndTime).toMatch(/^00:00:05\.[78]0$/);
  });

  test('was asked for with pictures of the whole clip, small enough, and with all that is known', async () => {
    // Given
    const config = {
      max_size: 320,
      camera_context: { 'Front Door': 'Faces the street.' },
      timezone: 'Europe/Berlin',
      detail: 'low',
    };
    const { analyzer } = await analyzerWith(config);
    // When
    await analyzer.analyze(requestOf());
    // Then
    const [question] = given.server.questions;
    expect(question?.jpegs.map(jpegSize)).toEqual(Array.from({ length: 4 }, () => ({ width: 320, height: 180 })));
    expect(new Set(question?.jpegs.map((jpeg) => jpeg.toString('base64'))).size).toBe(4);
    expect(question?.body.messages[1]?.content).toContainEqual({ type: 'text', text: 'Frame 1 of 4 at 00:00:00.00' });
    expect(question?.text).toContain('Camera: Front Door\n');
    expect(question?.text).toContain('About this place: Faces the street.\n');
    // Data of ICU versions differ in the comma.
    expect(question?.text).toMatch(/^Recorded: Sunday,? 5 July 2026 at 23:15:00 \(Europe\/Berlin\)$/m);
    expect(question?.text).toContain('Detected objects: person (0.87 at 00:00:03.00), dog (0.87 at 00:00:03.50)\n');
    expect(JSON.stringify(question?.body)).toContain('"detail":"low"');
  });

  test("was asked for in the owner's own words, which have a version of their own", async () => {
    // Given
    const own = await Promise.all(
      ['Only tell of parcels.', 'Only tell of cats.'].map((instructions) => analyzerWith({ instructions })),
    );
    // When
    const analyzed = await Promise.all(own.map(({ analyzer }) => analyzer.analyze(requestOf())));
    // Then
    const versions = analyzed.map((result) => (result.ok ? result.value.promptVersion : ''));
    expect(versions).toEqual([expect.stringMatching(/^own-[0-9a-f]{8}$/), expect.stringMatching(/^own-[0-9a-f]{8}$/)]);
    expect(new Set(versions).size).toBe(2);
    const systems = given.server.questions.map(({ body }) => body.messages[0]?.content);
    expect(new Set(systems)).toEqual(new Set(['Only tell of cats.', 'Only tell of parcels.']));
  });

  test.each([
    ['nothing', filterResult([]), 'Detected objects: none'],
    ['no result', undefined, 'Detected objects: not known, the detector has no result'],
  ])('was asked for with %s from the detector said plainly', async (_what, filter, line) => {
    // Given
    const { analyzer } = await analyzerWith();
    const { filter: _filter, ...request } = requestOf();
    // When
    await analyzer.analyze(filter === undefined ? request : { ...request, filter });
    // Then
    expect(given.server.questions[0]?.text).toContain(`${line}\n`);
  });

  test('was asked for by a strict schema with risk in words, explained there and in the prompt', async () => {
    // Given
    const { analyzer } = await analyzerWith();
    // When
    await analyzer.analyze(requestOf());
    // Then
    const question = given.server.questions[0];
    const format = question?.body.response_format;
    expect(format).toMatchObject({ type: 'json_schema', json_schema: { name: 'sequence_analysis', strict: true } });
    const schema = JSON.stringify(format?.json_schema?.schema);
    for (const meaning of Object.values(RISK_MEANINGS)) {
      expect(schema).toContain(meaning);
      expect(question?.text).toContain(meaning);
    }
    expect(format?.json_schema?.schema).toMatchObject({
      additionalProperties: false,
      properties: { max_risk_level: { type: 'string', enum: ['low', 'medium', 'high', 'critical'] } },
    });
  });

  test.each([
    [{}, { max_completion_tokens: 10_000, temperature: 0 }, ['max_tokens']],
    [
      { token_param: 'max_tokens', max_completion_tokens: 500, temperature: null },
      { max_tokens: 500 },
      ['temperature', 'max_completion_tokens'],
    ],
  ])('was asked for with the parameters of %j', async (config, sent, absent) => {
    // Given
    const { analyzer } = await analyzerWith(config);
    // When
    await analyzer.analyze(requestOf());
    // Then
    const body = given.server.questions[0]?.body ?? {};
    expect(body).toMatchObject({ model: 'vision', ...sent });
    expect(Object.keys(body).filter((key) => absent.includes(key))).toEqual([]);
  });

  test('logs what it cost, once for each answer', async () => {
    // Given
    const { analyzer, lines } = await analyzerWith();
    given.server.behave(says({}), says(sequence(), { usage: null }));
    // When
    await analyzer.analyze(requestOf());
    // Then
    const usages = lines.filter((line) => 'event_type' in line.fields && line.fields.event_type === 'vlm_usage');
    const expected = { provider: 'openai', model: 'vision', token_param: 'max_completion_tokens', clip_id: requestOf().clipId };
    expect(usages).toHaveLength(2);
    expect(usages[0]?.fields).toMatchObject({
      ...expected,
      temperature: 0,
      prompt_tokens: 1200,
      completion_tokens: 300,
      total_tokens: 1500,
    });
    expect(usages[0]?.fields).toHaveProperty('elapsed_s', expect.any(Number));
    expect(usages[1]?.fields).toMatchObject({ ...expected, prompt_tokens: undefined });
  });
});

describe('the key', () => {
  test('goes to the server as a bearer token, and nothing else of the environment does', async () => {
    // Given
    vi.stubEnv('OPENAI_ORG_ID', 'org-of-another');
    vi.stubEnv('OPENAI_PROJECT_ID', 'project-of-another');
    const { analyzer } = await analyzerWith();
    // When
    await analyzer.analyze(requestOf());
    // Then
    expect(given.server.questions[0]?.authorization).toBe(`Bearer ${KEY}`);
    expect(JSON.stringify(given.server.questions[0]?.headers)).not.toContain('of-another');
  });

  test('stays at home when the server needs none, though the environment has one', async () => {
    // Given
    vi.stubEnv('OPENAI_API_KEY', KEY);
    const { analyzer } = await analyzerWith({ api_key_env: null });
    // When
    const analyzed = await analyzer.analyze(requestOf());
    // Then
    expect(analyzed.ok).toBe(true);
    expect(JSON.stringify(given.server.questions[0]?.headers)).not.toMatch(/authorization|sk-/i);
  });

  test('missing is said before the server is asked', async () => {
    // Given
    const config = { api_key_env: 'OTHER_KEY' };
    // When
    const failure = await failureOf(config);
    // Then
    expect(failure.code).toBe('SECRET_MISSING');
    expect(given.server.questions).toEqual([]);
  });

  test('never stands in a failure or the log, even when the server quotes it', async () => {
    // Given
    given.server.behave(fails(401, { message: `Incorrect API key provided: ${KEY}\u0000` }));
    const { analyzer, lines } = await analyzerWith();
    // When
    const analyzed = await analyzer.analyze(requestOf());
    // Then
    expect(analyzed).toMatchObject({
      ok: false,
      error: { code: 'VLM_REJECTED', message: expect.stringContaining('[redacted]') },
    });
    expect(JSON.stringify([analyzed, lines])).not.toContain(KEY);
    expect(JSON.stringify(analyzed)).not.toContain('\\u0000');
  });
});

describe('a clip', () => {
  test('that is no video fails before the server is asked', async () => {
    // Given
    const path = join(given.dir, 'broken.mp4');
    await writeFile(path, 'no video');
    // When
    const analyzed = await (await analyzerWith()).analyzer.analyze(requestOf({ path }));
    // Then
    expect(analyzed).toMatchObject({ ok: false, error: { code: 'CLIP_UNREADABLE' } });
    expect(given.server.questions).toEqual([]);
  });

  test('that ends before all moments that were chosen is shown by its first frame', async () => {
    // Given
    const { analyzer } = await analyzerWith({ max_frames: 1 });
    // When
    const analyzed = await analyzer.analyze(requestOf({ durationMs: 60_000, filter: filterResult([]) }));
    // Then
    expect(analyzed).toMatchObject({ ok: true, value: { analysis: { frameCount: 1, videoEndTime: '00:00:00.00' } } });
  });
});

describe('ping', () => {
  test.each([
    [200, true],
    [404, true],
    [401, false],
    [500, false],
  ])('of a server that lists its models with %i: %s', async (status, isThere) => {
    // Given
    given.server.listModels(status);
    // When
    const pinged = await (await analyzerWith()).analyzer.ping();
    // Then
    expect(pinged.ok).toBe(isThere);
  });
});

test('ping without its key says which variable is missing', async () => {
  // Given
  const { analyzer } = await analyzerWith({ api_key_env: 'OTHER_KEY' });
  // When
  const pinged = await analyzer.ping();
  // Then
  expect(pinged).toMatchObject({ ok: false, error: { code: 'SECRET_MISSING', message: expect.stringContaining('OTHER_KEY') } });
});

/** From the start-of-frame marker (ITU-T T.81, B.2.2). */
function jpegSize(jpeg: Buffer): { width: number; height: number } {
  let at = 2;
  while (![0xc0, 0xc1, 0xc2].includes(jpeg[at + 1] ?? 0xc0)) at += 2 + jpeg.readUInt16BE(at + 2);
  return { height: jpeg.readUInt16BE(at + 5), width: jpeg.readUInt16BE(at + 7) };
}
