import { describe, expect, test } from 'vitest';
import { useAnalyzer } from '../../support/openai-analyzer.ts';
import {
  breaksOff,
  fails,
  goodEntities,
  hangs,
  hangsUp,
  knowsOnly,
  says,
  sequence,
  stalls,
  writes,
} from '../../support/openai-server.ts';

const { given, analyzerWith, requestOf, failureOf } = useAnalyzer();

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
    given.server.behave(fails(429, { code: 'rate_limit_exceeded' }, { ...headers }));
    // When
    const failure = await failureOf();
    // Then
    expect(failure).toMatchObject({ code: 'VLM_RATE_LIMITED' });
    expect(failure.retryAfterMs).toBe(retryAfterMs);
    expect(given.server.questions).toHaveLength(1);
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
    given.server.behave(behaviour);
    // When
    const failure = await failureOf();
    // Then
    expect(failure.code).toBe(code);
    expect(given.server.questions).toHaveLength(1);
  });

  test.each([
    ['says nothing', hangs],
    ['stops in the middle of its answer', stalls(200)],
    ['stops in the middle of its error', stalls(500)],
  ])('and %s is given up after request_timeout_s', async (_how, behaviour) => {
    // Given
    given.server.behave(behaviour);
    // When
    const failure = await failureOf({ request_timeout_s: 1 });
    // Then
    expect(failure).toMatchObject({ code: 'VLM_TIMED_OUT', message: 'the model server did not answer within 1 s' });
  });

  test('by not being there is named by its address, and keeps the cause', async () => {
    // Given
    await given.server.close();
    // When
    const failure = await failureOf();
    // Then
    expect(failure.code).toBe('VLM_UNREACHABLE');
    expect(failure.message).toContain(new URL(given.server.baseUrl).host);
    expect(failure.causes.map((cause) => cause.code)).toContain('ECONNREFUSED');
  });

  test('is waited for with signs of life, and left at once when the work is called off', async () => {
    // Given
    given.server.behave(hangs);
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
    given.server.behave(says(content));
    // When
    const analyzed = await (await analyzerWith()).analyzer.analyze(requestOf());
    // Then
    expect(analyzed).toMatchObject({ ok: true, value: { riskLevel: 'low', activityType: 'normal_delivery' } });
    expect(given.server.questions).toHaveLength(1);
  });

  test('is quoted back once with its faults, and the better one is taken; tokens add up', async () => {
    // Given
    const wrong = sequence({ max_risk_level: 2, primary_activity: 'delivery' });
    given.server.behave(says(wrong), says(sequence({ max_risk_level: 'high' })));
    // When
    const analyzed = await (await analyzerWith()).analyzer.analyze(requestOf());
    // Then
    expect(analyzed).toMatchObject({ ok: true, value: { riskLevel: 'high', promptTokens: 2400, completionTokens: 600 } });
    const turns = given.server.questions[1]?.body.messages ?? [];
    expect(turns.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
    expect(turns[2]?.content).toBe(JSON.stringify(wrong));
    expect(turns[3]?.content).toMatch(/- max_risk_level: .*\n- primary_activity: .*"normal_delivery"/);
    expect(given.server.questions[1]?.jpegs).toHaveLength(4);
  });

  test.each([
    ['prose', 'A courier comes.', 'it is not one JSON object'],
    ['a list', '[]', 'it is not one JSON object'],
    ['another object', '{"risk": 1}', 'sequence_description: '],
  ])('that stays %s fails after the second, and says why', async (_form, content, why) => {
    // Given
    given.server.behave(says(content));
    // When
    const failure = await failureOf();
    // Then
    expect(failure).toMatchObject({ code: 'VLM_REPLY_INVALID', message: expect.stringContaining(why) });
    expect(given.server.questions).toHaveLength(2);
  });

  test('that cannot be corrected because the server fails is that failure', async () => {
    // Given
    given.server.behave(says('{}'), fails(500));
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
      given.server.behave(knowsOnly(known, sequence()));
      const { analyzer } = await analyzerWith();
      // When
      const first = await analyzer.analyze(requestOf());
      const second = await analyzer.analyze(requestOf());
      // Then
      expect([first.ok, second.ok]).toEqual([true, true]);
      expect(given.server.questions.map(({ body }) => body.response_format?.type)).toEqual(asked);
      expect(given.server.questions[0]?.text).not.toContain('"additionalProperties":false');
      expect(given.server.questions.at(-1)?.text).toContain('"additionalProperties":false');
    },
  );
});

describe('an answer beyond all measure', () => {
  test('is cut and cleaned until it fits a history and Postgres', async () => {
    // Given
    const long = `\u0000\u001b${'💥'.repeat(2000)}\ud800`;
    const [entity] = goodEntities();
    const entities = Array.from({ length: 300 }, () => ({ ...entity, description: long, first_seen_timestamp: long }));
    given.server.behave(
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
    given.server.behave(fails(400, { message: 'x'.repeat(3_000_000) }));
    // When
    const failure = await failureOf();
    // Then
    expect(JSON.stringify(failure).length).toBeLessThan(10_000);
  });

  test('quoted back is cut too', async () => {
    // Given
    given.server.behave(says('x'.repeat(1_000_000)));
    // When
    const failure = await failureOf();
    // Then
    expect(JSON.stringify(given.server.questions[1]?.body.messages[2]).length).toBeLessThan(10_000);
    expect(JSON.stringify(failure).length).toBeLessThan(10_000);
  });
});
