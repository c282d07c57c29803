import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createClipId } from '../../../src/domain/ids.ts';
import { RISK_MEANINGS } from '../../../src/domain/risk.ts';
import { openaiAnalyzer } from '../../../src/plugins/analyzers/openai/index.ts';
import type { AnalysisRequest } from '../../../src/plugins/spec/analyzer.ts';
import type { PluginContext } from '../../../src/plugins/spec/plugin.ts';
import { type MadeClip, makeClip } from '../../support/made-clip.ts';
import {
  breaksOff,
  fails,
  hangs,
  hangsUp,
  knowsOnly,
  type OpenaiServer,
  openOpenaiServer,
  says,
  sequence,
  stalls,
  writes,
} from '../../support/openai-server.ts';
import { createTestContext } from '../../support/plugin-context.ts';
import { filterResult } from '../../support/policy-facts.ts';

const KEY = 'sk-very-secret-0123456789';
const NOW = '2026-11-23T12:00:00.000Z';

let dir: string;
let clip: MadeClip;
let server: OpenaiServer;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'homesec-analyzer-'));
  clip = await makeClip(dir);
});
afterAll(() => rm(dir, { recursive: true }));
beforeEach(async () => {
  server = await openOpenaiServer();
});
afterEach(async () => {
  await server.close();
  vi.unstubAllEnvs();
});

async function analyzerWith(config: Record<string, unknown> = {}, context: Partial<PluginContext> = {}) {
  const given = createTestContext({ secrets: { OPENAI_API_KEY: KEY }, clock: { now: () => NOW }, ...context });
  const parsed = openaiAnalyzer.configSchema.parse({ base_url: server.baseUrl, model: 'vision', max_frames: 4, ...config });
  return { analyzer: await openaiAnalyzer.create(parsed, given), lines: given.lines };
}

const requestOf = (changes: Partial<AnalysisRequest> = {}): AnalysisRequest => ({
  clipId: createClipId('2026-07-05T21:15:00.000Z', 'Front Door', '0123456789abcdef'),
  path: clip.path,
  cameraName: 'Front Door',
  recordedStartAt: '2026-07-05T21:15:00.000Z',
  durationMs: clip.durationMs,
  filter: filterResult(['person', 'dog']),
  signal: new AbortController().signal,
  onProgress: () => {},
  ...changes,
});

async function failureOf(config: Record<string, unknown> = {}) {
  const analyzed = await (await analyzerWith(config)).analyzer.analyze(requestOf());
  if (analyzed.ok) throw new Error('expected a failure');
  return analyzed.error;
}

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
    const [question] = server.questions;
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
    const systems = server.questions.map(({ body }) => body.messages[0]?.content);
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
    expect(server.questions[0]?.text).toContain(`${line}\n`);
  });

  test('was asked for by a strict schema with risk in words, explained there and in the prompt', async () => {
    // Given
    const { analyzer } = await analyzerWith();
    // When
    await analyzer.analyze(requestOf());
    // Then
    const question = server.questions[0];
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
    const body = server.questions[0]?.body ?? {};
    expect(body).toMatchObject({ model: 'vision', ...sent });
    expect(Object.keys(body).filter((key) => absent.includes(key))).toEqual([]);
  });

  test('logs what it cost, once for each answer', async () => {
    // Given
    const { analyzer, lines } = await analyzerWith();
    server.behave(says({}), says(sequence(), { usage: null }));
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
    expect(server.questions[0]?.authorization).toBe(`Bearer ${KEY}`);
    expect(JSON.stringify(server.questions[0]?.headers)).not.toContain('of-another');
  });

  test('stays at home when the server needs none, though the environment has one', async () => {
    // Given
    vi.stubEnv('OPENAI_API_KEY', KEY);
    const { analyzer } = await analyzerWith({ api_key_env: null });
    // When
    const analyzed = await analyzer.analyze(requestOf());
    // Then
    expect(analyzed.ok).toBe(true);
    expect(JSON.stringify(server.questions[0]?.headers)).not.toMatch(/authorization|sk-/i);
  });

  test('missing is said before the server is asked', async () => {
    // Given
    const config = { api_key_env: 'OTHER_KEY' };
    // When
    const failure = await failureOf(config);
    // Then
    expect(failure.code).toBe('SECRET_MISSING');
    expect(server.questions).toEqual([]);
  });

  test('never stands in a failure or the log, even when the server quotes it', async () => {
    // Given
    server.behave(fails(401, { message: `Incorrect API key provided: ${KEY}\u0000` }));
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

describe('a server that fails', () => {
  test.each([
    ['seconds', { 'retry-after': '30' }, 30_000],
    ['a date', { 'retry-after': 'Mon, 23 Nov 2026 12:02:00 GMT' }, 120_000],
    ['milliseconds', { 'retry-after-ms': '1500', 'retry-after': '9' }, 1500],
    ['a date that is past', { 'retry-after': 'Mon, 23 Nov 2026 11:00:00 GMT' }, 0],
    ['a week', { 'retry-after': '604800' }, 3_600_000],
    ['nonsense', { 'retry-after': '-5' }, undefined],
    ['nothing', {}, undefined],
  ])('by 429 with Retry-After in %s says when to come back', async (_form, headers, retryAfterMs) => {
    // Given
    server.behave(fails(429, { code: 'rate_limit_exceeded' }, { ...headers }));
    // When
    const failure = await failureOf();
    // Then
    expect(failure).toMatchObject({ code: 'VLM_RATE_LIMITED' });
    expect(failure.retryAfterMs).toBe(retryAfterMs);
    expect(server.questions).toHaveLength(1);
  });

  test.each([
    ['500', fails(500), 'VLM_OVERLOADED'],
    ['503 with a page', writes(503, 'text/html', '<h1>busy</h1>'), 'VLM_OVERLOADED'],
    ['529', fails(529), 'VLM_OVERLOADED'],
    ['400', fails(400, { message: 'temperature is not supported' }), 'VLM_REJECTED'],
    ['401', fails(401), 'VLM_REJECTED'],
    ['404', fails(404, { message: 'model not found' }), 'VLM_REJECTED'],
    ['408', fails(408), 'VLM_TIMED_OUT'],
    ['a quota used up', fails(429, { code: 'insufficient_quota' }), 'VLM_REJECTED'],
    ['its content filter', fails(400, { code: 'content_filter' }), 'VLM_REFUSED'],
    ['a refusal', says(null, { refusal: 'I cannot help with that.' }), 'VLM_REFUSED'],
    ['a withheld answer', says('', { finishReason: 'content_filter' }), 'VLM_REFUSED'],
    ['an answer cut at the limit', says('{"sequence_desc', { finishReason: 'length' }), 'VLM_REPLY_INVALID'],
    ['an empty answer', says(null), 'VLM_REPLY_INVALID'],
    ['broken JSON', writes(200, 'application/json', '{"choices": ['), 'VLM_REPLY_INVALID'],
    ['a web page', writes(200, 'text/html', '<h1>Welcome</h1>'), 'VLM_REPLY_INVALID'],
    ['no choices', writes(200, 'application/json', '{"choices": []}'), 'VLM_REPLY_INVALID'],
    ['hanging up', hangsUp, 'VLM_UNREACHABLE'],
    ['breaking off', breaksOff, 'VLM_UNREACHABLE'],
  ] as const)('by %s is a failure of its own code, asked once', async (_how, behaviour, code) => {
    // Given
    server.behave(behaviour);
    // When
    const failure = await failureOf();
    // Then
    expect(failure.code).toBe(code);
    expect(server.questions).toHaveLength(1);
  });

  test.each([
    ['says nothing', hangs],
    ['stops in the middle of its answer', stalls(200)],
    ['stops in the middle of its error', stalls(500)],
  ])('and %s is given up after request_timeout_s', async (_how, behaviour) => {
    // Given
    server.behave(behaviour);
    // When
    const failure = await failureOf({ request_timeout_s: 1 });
    // Then
    expect(failure).toMatchObject({ code: 'VLM_TIMED_OUT', message: 'the model server did not answer within 1 s' });
  });

  test('by not being there keeps the cause', async () => {
    // Given
    await server.close();
    // When
    const failure = await failureOf();
    // Then
    expect(failure.code).toBe('VLM_UNREACHABLE');
    expect(failure.causes.map((cause) => cause.code)).toContain('ECONNREFUSED');
  });

  test('is waited for with signs of life, and left at once when the work is called off', async () => {
    // Given
    server.behave(hangs);
    const off = new AbortController();
    const reason = new Error('called off');
    const progress: string[] = [];
    const onProgress = (what: string) => {
      progress.push(what);
      if (progress.filter((said) => said === 'still at it').length === 2) off.abort(reason);
    };
    // When
    const analyzing = (await analyzerWith()).analyzer.analyze(requestOf({ signal: off.signal, onProgress }));
    // Then
    await expect(analyzing).rejects.toBe(reason);
    expect(progress.slice(0, 2)).toEqual(['taking frames', 'asking the model']);
  });
});

describe('an answer in the wrong form', () => {
  test.each([
    ['in a Markdown fence', `Here you are:\n\`\`\`json\n${JSON.stringify(sequence(), null, 2)}\n\`\`\`\nAnything else?`],
    ['behind some words', `Sure! ${JSON.stringify(sequence())} I hope this helps.`],
    ['behind its thinking', `<think>{maybe} a delivery?</think>\n${JSON.stringify(sequence())}`],
    ['with words in capitals', JSON.stringify(sequence({ max_risk_level: ' Low', primary_activity: 'NORMAL_DELIVERY' }))],
    ['with more than was asked for', JSON.stringify(sequence({ mood: 'calm' }))],
  ])('%s is understood at once', async (_form, content) => {
    // Given
    server.behave(says(content));
    // When
    const analyzed = await (await analyzerWith()).analyzer.analyze(requestOf());
    // Then
    expect(analyzed).toMatchObject({ ok: true, value: { riskLevel: 'low', activityType: 'normal_delivery' } });
    expect(server.questions).toHaveLength(1);
  });

  test('is quoted back once with its faults, and the better one is taken; tokens add up', async () => {
    // Given
    const wrong = sequence({ max_risk_level: 2, primary_activity: 'delivery' });
    server.behave(says(wrong), says(sequence({ max_risk_level: 'high' })));
    // When
    const analyzed = await (await analyzerWith()).analyzer.analyze(requestOf());
    // Then
    expect(analyzed).toMatchObject({ ok: true, value: { riskLevel: 'high', promptTokens: 2400, completionTokens: 600 } });
    const turns = server.questions[1]?.body.messages ?? [];
    expect(turns.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
    expect(turns[2]?.content).toBe(JSON.stringify(wrong));
    expect(turns[3]?.content).toMatch(/- max_risk_level: .*\n- primary_activity: .*"normal_delivery"/);
    expect(server.questions[1]?.jpegs).toHaveLength(4);
  });

  test.each([
    ['prose', 'A courier comes.', 'it is not one JSON object'],
    ['a list', '[]', 'it is not one JSON object'],
    ['another object', '{"risk": 1}', 'sequence_description: '],
  ])('that stays %s fails after the second, and says why', async (_form, content, why) => {
    // Given
    server.behave(says(content));
    // When
    const failure = await failureOf();
    // Then
    expect(failure).toMatchObject({ code: 'VLM_REPLY_INVALID', message: expect.stringContaining(why) });
    expect(server.questions).toHaveLength(2);
  });

  test('that cannot be corrected because the server fails is that failure', async () => {
    // Given
    server.behave(says('{}'), fails(500));
    // When
    const failure = await failureOf();
    // Then
    expect(failure.code).toBe('VLM_OVERLOADED');
  });

  test.each([
    [
      ['json_object', 'text'],
      ['json_schema', 'json_object', 'json_object'],
    ],
    [['text'], ['json_schema', 'json_object', undefined, undefined]],
  ])(
    'by a server that knows only %j is asked for in what it knows, with the schema in words, from then on',
    async (known, asked) => {
      // Given
      server.behave(knowsOnly(known, sequence()));
      const { analyzer } = await analyzerWith();
      // When
      const first = await analyzer.analyze(requestOf());
      const second = await analyzer.analyze(requestOf());
      // Then
      expect([first.ok, second.ok]).toEqual([true, true]);
      expect(server.questions.map(({ body }) => body.response_format?.type)).toEqual(asked);
      expect(server.questions[0]?.text).not.toContain('"additionalProperties":false');
      expect(server.questions.at(-1)?.text).toContain('"additionalProperties":false');
    },
  );
});

describe('an answer beyond all measure', () => {
  test('is cut and cleaned until it fits a history and Postgres', async () => {
    // Given
    const long = `\u0000\u001b${'💥'.repeat(2000)}\ud800`;
    const [entity] = goodEntities();
    const entities = Array.from({ length: 300 }, () => ({ ...entity, description: long, first_seen_timestamp: long }));
    server.behave(
      says(
        sequence({
          sequence_description: long,
          observations: Array.from({ length: 300 }, () => long),
          entities_timeline: entities,
        }),
        { model: long },
      ),
    );
    // When
    const analyzed = await (await analyzerWith()).analyzer.analyze(requestOf());
    // Then
    const written = JSON.stringify(analyzed);
    expect(analyzed.ok).toBe(true);
    expect(Buffer.byteLength(written)).toBeLessThan(500_000);
    expect(analyzed).toMatchObject({ value: { analysis: { entitiesTimeline: { length: 30 }, observations: { length: 40 } } } });
    expect(written).not.toMatch(/\\u0000|\\u001b|\\ud[89a-f]/i);
  });

  test('of a failing server is cut too', async () => {
    // Given
    server.behave(fails(400, { message: 'x'.repeat(3_000_000) }));
    // When
    const failure = await failureOf();
    // Then
    expect(JSON.stringify(failure).length).toBeLessThan(10_000);
  });

  test('quoted back is cut too', async () => {
    // Given
    server.behave(says('x'.repeat(1_000_000)));
    // When
    const failure = await failureOf();
    // Then
    expect(JSON.stringify(server.questions[1]?.body.messages[2]).length).toBeLessThan(10_000);
    expect(JSON.stringify(failure).length).toBeLessThan(10_000);
  });
});

describe('a clip', () => {
  test('that is no video fails before the server is asked', async () => {
    // Given
    const path = join(dir, 'broken.mp4');
    await writeFile(path, 'no video');
    // When
    const analyzed = await (await analyzerWith()).analyzer.analyze(requestOf({ path }));
    // Then
    expect(analyzed).toMatchObject({ ok: false, error: { code: 'CLIP_UNREADABLE' } });
    expect(server.questions).toEqual([]);
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
    server.listModels(status);
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

/** The entities of a good answer. */
function goodEntities(): readonly object[] {
  const entities = sequence()['entities_timeline'];
  return Array.isArray(entities) ? entities : [];
}

/** From the start-of-frame marker (ITU-T T.81, B.2.2). */
function jpegSize(jpeg: Buffer): { width: number; height: number } {
  let at = 2;
  while (![0xc0, 0xc1, 0xc2].includes(jpeg[at + 1] ?? 0xc0)) at += 2 + jpeg.readUInt16BE(at + 2);
  return { height: jpeg.readUInt16BE(at + 5), width: jpeg.readUInt16BE(at + 7) };
}
