import { OpenAIError } from 'openai';
import { expect, test } from 'vitest';
import { describeFailure } from '../../../../src/plugins/analyzers/openai/failure.ts';

const FACTS = { timeoutMs: 1000, nowMs: Date.parse('2026-11-23T12:00:00.000Z'), secret: '' };

test('a bug is not dressed up as a failure of the server', () => {
  // Given
  const bug = new TypeError('x is not a function');
  // When
  const describing = () => describeFailure(bug, FACTS);
  // Then
  expect(describing).toThrow(bug);
});

test('a request that cannot even be made is rejected, and an empty secret takes nothing out of the text', () => {
  // Given
  const thrown = new OpenAIError('bad header');
  // When
  const failure = describeFailure(thrown, FACTS);
  // Then
  expect(failure).toEqual({
    code: 'VLM_REJECTED',
    message: 'no request could be made: bad header',
    causes: [{ name: 'Error', message: 'bad header' }],
  });
});
