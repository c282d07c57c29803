import { expect, it } from 'vitest';
import { redactCredentials } from '../../../src/kit/redact.ts';

it.each([
  ['rtsp://admin:hunter2@cam/1', 'rtsp://[redacted]@cam/1'],
  ['rtsp://admin:hun/ter2@cam/1', 'rtsp://[redacted]@cam/1'],
  ['rtsp://admin:h@un#ter2?@cam/1', 'rtsp://[redacted]@cam/1'],
  ['rtsp://:hunter2@cam', 'rtsp://[redacted]@cam'],
  ['rtsp://admin:123456@cam', 'rtsp://[redacted]@cam'],
  ['https://token@github.example/x', 'https://[redacted]@github.example/x'],
  ['postgresql+asyncpg://u:p@h:5432/db and redis://:p@h', 'postgresql+asyncpg://[redacted]@h:5432/db and redis://[redacted]@h'],
  ['GET "https://x/y?a=1&access_token=abc&b=2"', 'GET "https://x/y?a=1&access_token=[redacted]&b=2"'],
  ['https://x/?X-Amz-Signature=abc', 'https://x/?X-Amz-Signature=[redacted]'],
  ['Authorization: Bearer sk-abc.def-123456', 'Authorization: Bearer [redacted]'],
  ['host=db password=hunter2 user=me', 'host=db password=[redacted] user=me'],
  ["password = 'hunter 2' x", 'password = [redacted] x'],
])('%s', (text, redacted) => {
  // Given text with a credential in it, plain and as part of a line of JSON
  // When it is redacted
  // Then the credential is gone, the rest stays, and JSON stays JSON
  expect(redactCredentials(text)).toBe(redacted);
  expect(JSON.parse(redactCredentials(JSON.stringify({ text, after: 1 })))).toEqual({ text: redacted, after: 1 });
});

it('a password with quotes and backslashes is gone from a line of JSON as well', () => {
  // Given a password that JSON has to escape
  const line = JSON.stringify({ url: 'rtsp://admin:h"u\\n\\ter\'2@cam/1', next: 'me@home' });
  // When the line is redacted
  const redacted = redactCredentials(line);
  // Then it is gone and the line can be read
  expect(JSON.parse(redacted)).toEqual({ url: 'rtsp://[redacted]@cam/1', next: 'me@home' });
});

it.each([
  'http://127.0.0.1:8080/@scope/package and me@example.com',
  'at file:///app/src/x.ts:10:5',
  'https://nas/clips/a.mp4?token_count=7',
  'mqtt://broker:1883, mail to me@example.com',
  'no password was given',
  '{"url":"http://host:8080","mail":"me@example.com"}',
  'prompt_tokens=100',
])('%s stays as it is', (text) => {
  // Given text without a credential
  // When it is redacted
  // Then nothing changes
  expect(redactCredentials(text)).toBe(text);
});
