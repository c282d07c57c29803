import { describe, expect, test } from 'vitest';
import { changed, load } from '../../support/loaded-config.ts';

describe('secrets', () => {
  const SECRETS = [
    'sk-proj-4f9Jx81LmQ2vRt7Z',
    'AKIAIOSFODNN7EXAMPLE',
    'hunter2 with blanks',
    '9f86d081884c7d659a2feaa0c55ad015',
    'a86d081884c7d659a2feaa0c55ad015f',
    'ghp_16C7e42F292c6912E7710c838347Ae178B4a',
  ];

  test.each(SECRETS)('where a name belongs is refused and not repeated (%#)', async (secret) => {
    // Given
    const text = changed('backend: words', `backend: words\n  config: {api_key_env: "${secret}"}`);
    // When
    const { codes, problems } = await load(text);
    // Then
    expect(codes).toEqual(['CONFIG_SECRET_IN_FILE']);
    expect(problems.join()).not.toContain(secret);
  });

  test('in a mapping of names are refused, too', async () => {
    // Given a token without a blank, in the place of a name below `headers_env`
    const secret = 'a86d081884c7d659a2feaa0c55ad015f';
    const text = changed('backend: words', `backend: words\n  config: {headers_env: {Authorization: ${secret}}}`);
    // When
    const { codes, problems } = await load(text);
    // Then
    expect(codes).toContain('CONFIG_SECRET_IN_FILE');
    expect(problems.join()).not.toContain(secret);
  });

  test.each(['OPENAI_API_KEY', 'openai_api_key', 'KEY2', 'HOMESEC_MQTT_PASSWORD_FRONT_DOOR_2026'])(
    '%s is a name',
    async (name) => {
      // Given
      const text = changed('backend: words', `backend: words\n  config: {api_key_env: ${name}}`);
      // When
      const { problems, warnings } = await load(text, { [name]: 'set' });
      const unset = await load(text);
      // Then
      expect(problems).toEqual([]);
      expect(warnings).toEqual([]);
      expect(unset.warnings).toEqual([
        'vlm.config.api_key_env (line 14): the environment variable of this name is not set here; set it where HomeSec runs',
      ]);
    },
  );

  test('of what is off are not missed', async () => {
    // Given
    const text = changed('backend: words', 'backend: words\n  run_mode: never\n  config: {api_key_env: NOT_SET}');
    // When
    const { problems, warnings } = await load(text);
    // Then
    expect([problems, warnings]).toEqual([[], []]);
  });

  test('under a key of their own are refused with the key that names a variable', async () => {
    // Given
    const text = changed('watch_dir: ./incoming', 'watch_dir: ./incoming\n        password: hunter2');
    // When
    const { codes, problems } = await load(text);
    // Then
    expect(codes).toEqual(['CONFIG_SECRET_IN_FILE']);
    expect(problems[0]).toContain('write password_env with the name of an environment variable');
    expect(problems[0]).not.toContain('hunter2');
  });

  test('inside a URL are refused', async () => {
    // Given
    const text = changed('backend: words', 'backend: words\n  config: {url: "http://user:hunter2@example.net/v1"}');
    // When
    const { codes, problems } = await load(text);
    // Then
    expect(codes).toEqual(['CONFIG_SECRET_IN_FILE']);
    expect(problems.join()).not.toContain('hunter2');
  });

  test('a message of a plugin that quotes the value loses it', async () => {
    // Given
    const text = changed('backend: words', 'backend: words\n  config: {url: my-private-host}');
    // When
    const { problems } = await load(text);
    // Then
    expect(problems).toEqual([expect.stringContaining('vlm.config.url (line 14): … is not a URL')]);
  });

  test('no message repeats a wrong value, wherever it stands', async () => {
    // Given a file in which every value is wrong
    const secret = 'correcthorsebatterystaple';
    const text = `version: ${secret}
data_dir: [${secret}]
plugins: [${secret}]
cameras:
  - {name: [${secret}], enabled: ${secret}, source: {backend: ${secret}, config: ${secret}}}
storage: {backend: ${secret}, config: {root: {x: ${secret}}}}
state_store: {dsn_env: ${secret} ${secret}}
filter: {backend: animals, config: {classes: [${secret}]}}
vlm: {backend: words, run_mode: ${secret}, trigger_classes: ${secret}}
alert: {deadline_s: ${secret}}
`;
    // When
    const { problems } = await load(text);
    // Then
    expect(problems.length).toBeGreaterThan(10);
    expect(problems.join('\n')).not.toContain(secret);
  });
});
