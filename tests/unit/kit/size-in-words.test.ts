import { expect, it } from 'vitest';
import { sizeInWords } from '../../../src/kit/size-in-words.ts';

it.each([
  [0, '0 kB'],
  [1, '1 kB'],
  [36_400, '37 kB'],
  [100_000, '0.1 MB'],
  [4_230_000, '4.2 MB'],
])('%i bytes are told as %s', (bytes, words) => {
  // Given, When, Then
  expect(sizeInWords(bytes)).toBe(words);
});
