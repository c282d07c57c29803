import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { Secret } from '../../../src/domain/secret.ts';
import { createLogger, type LoggerOptions, withContext } from '../../../src/kit/logger.ts';

function record(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', write: (line) => lines.push(line), ...options });
  return { logger, lines };
}

it('writes one JSON object per line, with level, time and context', () => {
  // Given a logger for one clip of one camera
  const { logger, lines } = record();
  const clip = withContext(withContext(logger, { cameraName: 'Front Door' }), { clipId: 'c1', recordingId: 'r1' });
  // When something is logged
  clip.info({ event_type: 'vlm_usage', tokens: 7 }, 'model used');
  // Then anybody can tell what it is about
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    camera_name: 'Front Door',
    clip_id: 'c1',
    recording_id: 'r1',
    event_type: 'vlm_usage',
    tokens: 7,
    msg: 'model used',
  });
});

it('adds no context that is not known', () => {
  // Given a logger without context
  const { logger, lines } = record();
  // When it logs
  withContext(logger, {}).warn({}, 'hello');
  // Then there are no empty keys
  expect(Object.keys(JSON.parse(lines[0] ?? ''))).toEqual(['level', 'time', 'msg']);
});

it.each(['debug', 'info', 'warn', 'error'] as const)('at level %s keeps that and what is worse', (level) => {
  // Given a logger of some level
  const { logger, lines } = record({ level });
  // When it logs at all levels
  for (const each of ['debug', 'info', 'warn', 'error'] as const) logger[each]({}, each);
  // Then only those from its own upwards are written
  const all = ['debug', 'info', 'warn', 'error'];
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(all.slice(all.indexOf(level)));
});

it('gives telemetry every line from info upwards, whatever is shown', () => {
  // Given a quiet logger with telemetry behind it
  const kept: string[] = [];
  const { logger, lines } = record({ level: 'error', telemetry: (line) => kept.push(line) });
  // When it logs at all levels
  for (const each of ['debug', 'info', 'warn', 'error'] as const) logger[each]({}, each);
  // Then telemetry has more than the screen
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['error']);
  expect(kept.map((line) => JSON.parse(line).msg)).toEqual(['info', 'warn', 'error']);
});

it('shows no secret, in whatever way it is logged', () => {
  // Given a secret, and URLs with passwords in names, messages and causes
  const secret = new Secret('hunter2');
  const cause = new Error('GET https://me:hunter2@nas/clips failed');
  for (const pretty of [false, true]) {
    const { logger, lines } = record({ pretty });
    // When they are logged
    logger.info({ secret, deep: { list: [secret], url: 'rtsp://admin:hunter2@10.0.0.7:554/1' } }, `with ${secret}`);
    logger.error({ err: new Error('upload failed at ftp://u:hunter2@x/', { cause }) }, 'mqtt://u:hunter2@broker');
    logger.info('%s %o', 'postgres://u:hunter2@db/x', { secret });
    logger.child({ dsn: 'postgres://u:hunter2@db/x' }).info('child');
    // Then it is nowhere, and the rest of the URL is
    expect(lines.length).toBeGreaterThanOrEqual(4);
    expect(lines.join('')).not.toContain('hunter2');
    expect(lines.join('')).toContain('rtsp://[redacted]@10.0.0.7:554/1');
  }
});

it('writes lines for people when asked to', () => {
  // Given a pretty logger
  const { logger, lines } = record({ pretty: true });
  // When it logs
  logger.warn({ camera_name: 'Hof' }, 'camera lost');
  // Then that is no JSON
  expect(lines.join('')).toMatch(/WARN.*camera lost[\s\S]*camera_name.*Hof/);
});

it('has written everything when its process ends', async () => {
  // Given a process that logs to standard output and ends at once
  const program = `
    import { createLogger } from ${JSON.stringify(new URL('../../../src/kit/logger.ts', import.meta.url).href)};
    const logger = createLogger({ level: 'info' });
    for (let line = 0; line < 2000; line += 1) logger.info({ line }, 'x'.repeat(100));
    process.exit(0);`;
  // When it is run
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  // Then no line is missing
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).line),
  ).toEqual(Array.from({ length: 2000 }, (_, line) => line));
});
