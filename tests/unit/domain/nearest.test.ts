import { expect, it } from 'vitest';
import { nearestTo } from '../../../src/domain/nearest.ts';

const NAMES = ['local_folder', 'rtsp', 'ftp', 'local'];

it.each([
  ['rstp', 'rtsp'],
  ['Local-Folder', 'local_folder'],
  ['localfoldr', 'local_folder'],
  ['locale', 'local'],
  ['fttp', 'ftp'],
  ['sendgrid', undefined],
  ['', undefined],
])('%j most likely meant %j', (word, nearest) => {
  // Given a word that is no name
  // When the nearest name is looked for
  // Then only a likely one is suggested
  expect(nearestTo(word, NAMES)).toBe(nearest);
});

it('suggests nothing where there is nothing', () => {
  // Given no names at all
  // When one is looked for
  // Then there is none
  expect(nearestTo('rtsp', [])).toBeUndefined();
});
