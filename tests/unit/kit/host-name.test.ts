import { expect, test } from 'vitest';
import { hostName } from '../../../src/kit/host-name.ts';

test.each([
  ['mail.example.org', true],
  ['192.168.1.10', true],
  ['fe80::1', true],
  ['::1', true],
  ['mail.example.org:587', false],
  ['192.168.1.10:1883', false],
  ['https://mail.example.org', false],
  ['mail example', false],
])('%s', (text, isFine) => {
  // Given the text
  // When
  const { success } = hostName.safeParse(text);
  // Then
  expect(success).toBe(isFine);
});
