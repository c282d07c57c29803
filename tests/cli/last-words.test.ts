import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lastWords } from '../../src/cli/demo/last-words.ts';
import { createConfigFolder } from '../support/config-file.ts';

let logs: Awaited<ReturnType<typeof createConfigFolder>>;
beforeEach(async () => {
  logs = await createConfigFolder();
});
afterEach(() => logs[Symbol.asyncDispose]());

const line = (level: string, second: number, msg: string) =>
  `${JSON.stringify({ level, time: `2026-11-23T02:27:0${second}.000Z`, msg, clip_id: 'c1' })}\n`;

describe('the last words of a demo that did not come through', () => {
  it('are the warnings and errors of all its logs, in their order', async () => {
    // Given logs of which one ends with a crash
    await logs.write('homesec.log', line('info', 1, 'recording') + line('warn', 4, 'disk is slow'));
    await logs.write('worker-gpu.log', `${line('error', 2, 'no model')}TypeError: not a function\n    at somewhere\n`);
    await logs.write('homesec.yaml', line('error', 3, 'not a log'));
    // When
    const words = await lastWords(logs.folder);
    // Then
    expect(words).toEqual([
      'worker-gpu.log: error: no model {"clip_id":"c1"}',
      'worker-gpu.log: TypeError: not a function',
      'homesec.log: warn: disk is slow {"clip_id":"c1"}',
    ]);
  });

  it('are few', async () => {
    // Given
    await logs.write('homesec.log', Array.from({ length: 30 }, (_, n) => line('warn', n % 10, `w${n}`)).join(''));
    // When
    const words = await lastWords(logs.folder);
    // Then
    expect(words.length).toBeLessThanOrEqual(8);
  });
});
