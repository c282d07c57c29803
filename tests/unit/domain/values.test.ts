import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ACTIVITY_TYPES, ENTITY_TYPES } from '../../../src/domain/analysis.ts';
import { assertNever } from '../../../src/domain/assert-never.ts';
import { PENDING, VLM_RUN_MODES } from '../../../src/domain/known.ts';
import { GPU_QUEUE, hostQueue, PIPELINE_QUEUE, VLM_QUEUE } from '../../../src/domain/process-clip.ts';
import { err, ok } from '../../../src/domain/result.ts';
import { compareRisk, RISK_LEVELS, RISK_MEANINGS } from '../../../src/domain/risk.ts';
import { Secret } from '../../../src/domain/secret.ts';
import {
  causesOf,
  isRetryable,
  pluginFailure,
  remedyOf,
  STAGE_ERROR_CODES,
  type StageErrorCode,
} from '../../../src/domain/stage-error.ts';

const CODES = Object.keys(STAGE_ERROR_CODES) as StageErrorCode[];

describe('results', () => {
  it('are a value or an error', () => {
    // Given a value and an error
    // When they are wrapped
    // Then `ok` tells them apart
    expect(ok(7)).toEqual({ ok: true, value: 7 });
    expect(err('no')).toEqual({ ok: false, error: 'no' });
    expect(PENDING.state).toBe('pending');
  });
});

describe('risk', () => {
  it('is ordered from low to critical, each level with a meaning', () => {
    // Given all levels in disorder
    const levels = ['critical', 'low', 'high', 'medium'] as const;
    // When they are sorted
    const sorted = levels.toSorted(compareRisk);
    // Then they run from harmless to dangerous
    expect(sorted).toEqual(RISK_LEVELS);
    expect(compareRisk('high', 'high')).toBe(0);
    expect(Object.keys(RISK_MEANINGS)).toEqual([...RISK_LEVELS]);
  });
});

describe('words that others rely on', () => {
  it('are those of the MQTT payload and the configuration', () => {
    // Given consumers of the alerts
    // When they read them
    // Then the words are these
    expect(ACTIVITY_TYPES).toEqual([
      'normal_delivery',
      'normal_visitor',
      'passerby',
      'suspicious_behavior',
      'dangerous_activity',
      'no_activity',
      'unknown',
    ]);
    expect(ENTITY_TYPES).toEqual(['person', 'vehicle', 'animal', 'package', 'object', 'unknown']);
    expect(VLM_RUN_MODES).toEqual(['trigger_only', 'always', 'never']);
  });

  it('name one queue per kind of worker, and one per host', () => {
    // Given two hosts
    const queues = [PIPELINE_QUEUE, GPU_QUEUE, VLM_QUEUE, hostQueue('a'), hostQueue('b')];
    // When their queues are named
    // Then no two are the same
    expect(new Set(queues).size).toBe(5);
    expect(hostQueue('a')).toBe('homesec-host-a');
  });
});

describe('stage errors', () => {
  it.each(CODES)('%s says whether to try again and what to do', (code) => {
    // Given an error code
    // When its facts are looked up
    // Then both are there
    expect(typeof isRetryable(code)).toBe('boolean');
    expect(remedyOf(code)).toMatch(/^\S.*\.$/);
  });

  it('keep the whole chain of causes, outermost first, with the codes of the system', () => {
    // Given an error that went through three hands
    const system = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const wrapped = new TypeError('fetch failed', { cause: system });
    // When it becomes a failure
    const failure = pluginFailure('VLM_UNREACHABLE', 'no answer', new Error('upload', { cause: wrapped }), 1500);
    // Then nothing of it is lost, but no stack is carried
    expect(failure).toEqual({
      code: 'VLM_UNREACHABLE',
      message: 'no answer',
      causes: [
        { name: 'Error', message: 'upload' },
        { name: 'TypeError', message: 'fetch failed' },
        { name: 'Error', message: 'connect ECONNREFUSED', code: 'ECONNREFUSED' },
      ],
      retryAfterMs: 1500,
    });
  });

  it.each([
    [undefined, []],
    [null, []],
    ['just text', [{ name: 'Error', message: 'just text' }]],
    [Object.assign(new Error('odd'), { code: 7 }), [{ name: 'Error', message: 'odd' }]],
    [
      new Error('outer', { cause: 'inner' }),
      [
        { name: 'Error', message: 'outer' },
        { name: 'Error', message: 'inner' },
      ],
    ],
  ])('take anything that can be thrown (%#)', (thrown, causes) => {
    // Given something thrown
    // When its causes are told
    // Then each link is described
    expect(causesOf(thrown)).toEqual(causes);
  });

  it('end a chain that goes round in circles', () => {
    // Given an error that is its own cause
    const circle = new Error('again');
    circle.cause = circle;
    // When its causes are told
    // Then there are eight of them
    expect(causesOf(circle)).toHaveLength(8);
  });

  it('leave out how long to wait when nobody said', () => {
    // Given a failure without advice
    // When it is made
    // Then it has no such key
    expect(pluginFailure('UNEXPECTED', 'x')).toEqual({ code: 'UNEXPECTED', message: 'x', causes: [] });
  });
});

describe('secrets', () => {
  const secret = new Secret('hunter2');
  it.each([
    ['in a template', `${secret}`],
    ['joined', ['a', secret].join()],
    ['as JSON', JSON.stringify({ secret, list: [secret] })],
    ['inspected', inspect({ deep: { secret } }, { depth: 9, showHidden: true })],
    ['with its own keys', JSON.stringify(Object.entries(secret))],
    ['spread', JSON.stringify({ ...secret })],
    ['cloned', inspect(structuredClone(secret), { showHidden: true })],
  ])('never show %s', (_way, shown) => {
    // Given a secret
    // When it is shown in some way
    // Then its value is not in there
    expect(shown).not.toContain('hunter2');
  });

  it('give their value to who asks for it', () => {
    // Given a secret
    // When it is revealed
    // Then that is its value
    expect(secret.reveal()).toBe('hunter2');
  });
});

describe('assertNever', () => {
  it('names what nobody handled', () => {
    // Given a value that the types say cannot be
    const value = { eventType: 'odd' } as never;
    // When it turns up all the same
    // Then that is a defect with a name
    expect(() => assertNever(value)).toThrow('unhandled case: {"eventType":"odd"}');
  });
});
