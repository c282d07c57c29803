import { describe, expect, test } from 'vitest';
import { openaiAnalyzer } from '../../../../src/plugins/analyzers/openai/index.ts';

const parse = (config: object) => openaiAnalyzer.configSchema.safeParse({ model: 'vision', ...config });

describe('the configuration', () => {
  test('needs a model and nothing else', () => {
    // Given
    const config = { model: 'vision' };
    // When
    const parsed = openaiAnalyzer.configSchema.parse(config);
    // Then
    expect(parsed).toMatchObject({ base_url: 'https://api.openai.com/v1', api_key_env: 'OPENAI_API_KEY', max_frames: 10 });
  });

  test.each([
    { model: ' ' },
    { base_url: 'ftp://host/v1' },
    { base_url: 'host:1234' },
    { api_key_env: 'sk-123' },
    { max_frames: 0 },
    { quality: 900 },
    { timezone: 'Mars/Olympus' },
    { request_timeout_s: 0 },
    { temperature: 3 },
    { api_key: 'x' },
  ])('refuses %j', (config) => {
    // Given
    const given = config;
    // When
    const parsed = parse(given);
    // Then
    expect(parsed.success).toBe(false);
  });

  test.each(['https://owner:hunter2@host/v1', 'https://host/v1?key=hunter2', 'https://host/v1#hunter2'])(
    'refuses a secret in %s, and does not repeat it',
    (base_url) => {
      // Given
      const config = { base_url };
      // When
      const parsed = parse(config);
      // Then
      expect(parsed.success).toBe(false);
      expect(parsed.error?.message).toContain('keys that end in _env');
      expect(parsed.error?.message).not.toContain('hunter2');
    },
  );

  test('may not speak of cameras that do not exist', () => {
    // Given
    const parsed = openaiAnalyzer.configSchema.parse({
      model: 'vision',
      camera_context: { 'Front door': 'a', Garden: 'b', Xyz: 'c' },
    });
    const facts = { activityTypes: [], filterClasses: [] };
    // When
    const problems = openaiAnalyzer.checkConfig?.(parsed, { ...facts, cameraNames: ['Front Door', 'Garden'] });
    const withoutCameras = openaiAnalyzer.checkConfig?.(parsed, { ...facts, cameraNames: [] });
    // Then
    expect(problems?.map(({ path }) => path)).toEqual([
      ['camera_context', 'Front door'],
      ['camera_context', 'Xyz'],
    ]);
    expect(problems?.[0]?.fix).toBe('Did you mean Front Door? Use the name of a configured camera: Front Door, Garden.');
    expect(withoutCameras?.[0]?.fix).toBe('Use the name of a configured camera: there is none.');
  });
});

test('the analyzer declares the activity types of its schema', () => {
  // Given
  const plugin = openaiAnalyzer;
  // When
  const declared = plugin.activityTypes;
  // Then
  expect(declared).toEqual([
    'normal_delivery',
    'normal_visitor',
    'passerby',
    'suspicious_behavior',
    'dangerous_activity',
    'no_activity',
    'unknown',
  ]);
});
