import { describe, expect, it } from 'vitest';
import { wordsOf } from '../../../src/kit/alert-words.ts';
import { BARE_ALERT } from '../../support/sample-alert.ts';

describe('an alert in words', () => {
  it('says how many clips of one visit it tells of', () => {
    // Given
    const [alone, visit] = [BARE_ALERT, { ...BARE_ALERT, clipCount: 3 }];
    // When
    const [words, more] = [wordsOf(alone), wordsOf(visit)];
    // Then
    expect(more.notes).toEqual(['One visit, 3 clips.', ...words.notes]);
  });
});
