import { chmod, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatIssue } from '../../../src/config/issue.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { validateConfig } from '../../../src/config/validate.ts';
import { createConfigFolder, createSmallRegistry, SMALL_CONFIG } from '../../support/config-file.ts';

interface Loaded {
  readonly codes: readonly string[];
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Loads a text as a file of its own and gives the problems and warnings as the owner sees them. */
async function load(text: string, environment: Record<string, string> = {}): Promise<Loaded> {
  await using place = await createConfigFolder();
  const result = await loadConfig(await place.write('homesec.yaml', text), createSmallRegistry(), environment);
  if (result.ok) return { codes: [], problems: [], warnings: result.value.warnings.map(formatIssue) };
  const { problems, warnings } = result.error;
  return { codes: problems.map(({ code }) => code), problems: problems.map(formatIssue), warnings: warnings.map(formatIssue) };
}

/** The small valid configuration with one passage replaced. */
function changed(before: string, after: string): string {
  if (!SMALL_CONFIG.includes(before)) throw new Error(`not in the configuration: ${before}`);
  return SMALL_CONFIG.replace(before, after);
}

describe('a valid configuration', () => {
  test('is loaded with its defaults and the folder that relative paths start from', async () => {
    // Given
    await using place = await createConfigFolder();
    const file = await place.write('homesec.yaml', SMALL_CONFIG);
    // When
    const result = await loadConfig(file, createSmallRegistry(), {});
    // Then
    expect(result).toMatchObject({
      ok: true,
      value: { file, folder: place.folder, warnings: [], config: { data_dir: './homesec-data', alert: { deadline_s: 60 } } },
    });
  });

  test('is summed up in one line', async () => {
    // Given
    await using place = await createConfigFolder();
    const file = await place.write('homesec.yaml', `${SMALL_CONFIG}notifiers:\n  - {name: hall, backend: Bell}\n`);
    // When
    const validation = await validateConfig(file, createSmallRegistry(), {});
    // Then
    expect(validation.problems).toEqual([]);
    expect(validation.summary).toBe(
      '1 camera; storage disk; filter animals; vlm words (trigger_only); policy default; alerts to hall',
    );
  });

  test('keeps an unknown key of a section opaque to the core when the plugin allows it', async () => {
    // Given a plugin name in another case
    const text = changed('backend: disk', 'backend: DISK');
    // When
    const { problems } = await load(text);
    // Then
    expect(problems).toEqual([]);
  });
});

describe('the file itself', () => {
  test.each([
    ['nothing', '', 'CONFIG_EMPTY_FILE'],
    ['only comments', '# later\n', 'CONFIG_EMPTY_FILE'],
    ['a list', '- version: 1\n', 'CONFIG_ROOT_NOT_MAPPING'],
    ['a text', 'hello\n', 'CONFIG_ROOT_NOT_MAPPING'],
    ['an unclosed bracket', 'cameras: [\n', 'CONFIG_YAML_INVALID'],
    ['an unknown alias', 'version: *one\n', 'CONFIG_YAML_INVALID'],
    ['a tag', 'version: !secret one\n', 'CONFIG_YAML_INVALID'],
    ['two documents', 'version: 1\n---\nversion: 1\n', 'CONFIG_YAML_INVALID'],
  ])('with %s is refused', async (_what, text, code) => {
    // Given the text
    // When
    const { codes } = await load(text);
    // Then
    expect(codes).toEqual([code]);
  });

  test('that does not exist, or is a folder, is refused', async () => {
    // Given
    await using place = await createConfigFolder();
    // When
    const missing = await validateConfig(join(place.folder, 'none.yaml'), createSmallRegistry(), {});
    const folder = await validateConfig(place.folder, createSmallRegistry(), {});
    // Then
    expect(missing.problems.map(({ code }) => code)).toEqual(['CONFIG_FILE_NOT_FOUND']);
    expect(folder.problems.map(({ code }) => code)).toEqual(['CONFIG_FILE_UNREADABLE']);
  });

  test('with a tab names the line', async () => {
    // Given
    const text = 'version: 1\nstorage:\n\tbackend: disk\n';
    // When
    const { problems } = await load(text);
    // Then
    expect(problems).toContain('(file) (line 3): the line is indented with a tab; indent with spaces');
  });

  test('with a duplicate key is refused, and the rest is still checked', async () => {
    // Given
    const text = `${SMALL_CONFIG}alert: {deadline_s: -1}\nalert: {deadline_s: -2}\n`;
    // When
    const { problems } = await load(text);
    // Then
    expect(problems).toEqual([
      '(file) (line 15): the same key stands twice in one mapping; keep one of them',
      expect.stringMatching(/^alert\.deadline_s \(line 15\): must be at least 0; /),
    ]);
  });

  test.runIf(process.platform !== 'win32')('that others may read is used with a warning', async () => {
    // Given
    await using place = await createConfigFolder();
    const file = await place.write('homesec.yaml', SMALL_CONFIG);
    await chmod(file, 0o640);
    // When
    const { problems, warnings } = await validateConfig(file, createSmallRegistry(), {});
    // Then
    expect(problems).toEqual([]);
    expect(warnings.map(({ code }) => code)).toEqual(['CONFIG_FILE_READABLE_BY_OTHERS']);
  });
});

describe('keys', () => {
  test('that are mistyped are refused with the nearest known one', async () => {
    // Given
    const text = changed('watch_dir: ./incoming', 'watch_dri: ./incoming').replace('storage:\n', 'storage:\n  pahts: {}\n');
    // When
    const { problems } = await load(text);
    // Then
    expect(problems).toEqual([
      'cameras[0].source.config.watch_dir (line 6): is missing; add: Folder to watch.',
      'cameras[0].source.config.watch_dri (line 7): is not a known key; did you mean watch_dir?',
      'storage.pahts (line 9): is not a known key; did you mean paths?',
    ]);
  });

  test.each([
    ['server: {port: 8081}', 'server'],
    ['preview: {}', 'preview'],
    ['talk: {}', 'talk'],
    ['maintenance: {}', 'maintenance'],
    ['state_store: {dsn: somewhere}', 'state_store.dsn'],
    ['concurrency: {max_clips_in_flight: 4}', 'concurrency.max_clips_in_flight'],
  ])('without effect are refused: %s', async (line, path) => {
    // Given
    const text = `${SMALL_CONFIG}${line}\n`;
    // When
    const { codes, problems } = await load(text);
    // Then
    expect(codes).toEqual(['CONFIG_KEY_WITHOUT_EFFECT']);
    expect(problems[0]).toContain(`${path} (line 14): has no effect in this version; `);
  });

  test('without effect are found in every camera', async () => {
    // Given
    const text = changed('  - name: Front Door\n', '  - name: Front Door\n    talk: {mode: auto}\n');
    // When
    const { problems } = await load(text);
    // Then
    expect(problems).toEqual(['cameras[0].talk (line 4): has no effect in this version; remove it']);
  });
});

describe('everything wrong at once', () => {
  test('is told at once, in the order of the file', async () => {
    // Given faults in the core, in plugins and between them
    const text = `version: 2
cameras:
  - name: One
    enabled: sometimes
    source: {backend: foldr}
  - name: one
    source: {backend: folder, config: {watch_dir: ./storage/in}}
storage: {backend: disk}
filter: {backend: animals, config: {classes: [person, zebra]}}
vlm: {backend: words, run_mode: alway}
`;
    // When
    const { problems } = await load(text);
    // Then
    expect(problems).toEqual([
      'version (line 1): must be 1; write 1',
      'cameras[0].enabled (line 4): must be true or false; write: Whether it records.',
      'cameras[0].source.backend (line 5): there is no source plugin of this name; did you mean folder?',
      'cameras[1].name (line 6): differs from the name of cameras[0] only in case or punctuation; give each its own name',
      'storage.config.root (line 8): overlaps the folder of cameras[1].source.config.watch_dir; use folders of which none lies in another',
      'filter.config.classes[1] (line 9): must be one of person, cat, dog; write person or cat or dog',
      'vlm.run_mode (line 10): must be one of trigger_only, always, never; did you mean always?',
    ]);
  });

  test('a missing section is a problem, not a crash', async () => {
    // Given
    const text = 'version: 1\n';
    // When
    const { codes, problems } = await load(text);
    // Then
    expect(new Set(codes)).toEqual(new Set(['CONFIG_VALIDATION_FAILED']));
    expect(problems.map((problem) => problem.split(':', 1)[0])).toEqual(['cameras', 'storage', 'filter', 'vlm']);
  });
});

describe('names', () => {
  test.each([
    ['the same', 'Front Door', false],
    ['in another case', 'front door', false],
    ['with other punctuation', 'front_door', false],
    ['with blanks around it', '" Front Door "', false],
    ['of another place', 'Back Door', true],
    ['in full-width letters', '\uff26ront Door', false],
    ['in another script', '前门', true],
  ])('a second camera %s', async (_what, name, isFine) => {
    // Given
    const second = `  - name: ${name}\n    source: {backend: folder, config: {watch_dir: ./other}}\nstorage:`;
    // When
    const { codes } = await load(changed('storage:', second));
    // Then
    expect(codes).toEqual(isFine ? [] : ['CONFIG_NAME_NOT_UNIQUE']);
  });

  test('two cameras in a script without Latin letters are told apart', async () => {
    // Given
    const second = '  - name: 后门\n    source: {backend: folder, config: {watch_dir: ./other}}\nstorage:';
    const text = changed('storage:', second).replace('Front Door', '前门');
    // When
    const { problems } = await load(text);
    // Then
    expect(problems).toEqual([]);
  });

  test('two channels of one name are refused', async () => {
    // Given
    const text = `${SMALL_CONFIG}notifiers:\n  - {name: hall, backend: bell}\n  - {name: Hall, backend: bell}\n`;
    // When
    const { problems } = await load(text);
    // Then
    expect(problems).toEqual([expect.stringContaining('notifiers[1].name (line 16): differs from the name of notifiers[0]')]);
  });
});

describe('folders', () => {
  test.each([
    ['the watched folder itself', './incoming'],
    ['inside the watched folder', './incoming/clips'],
    ['above the watched folder', '.'],
    ['another spelling of it', './x/../incoming'],
    ['the data folder', './homesec-data'],
    ['inside the data folder', './homesec-data/spool'],
  ])('storage in %s is refused', async (_what, root) => {
    // Given
    const text = changed('backend: disk', `backend: disk\n  config: {root: ${root}}`);
    // When
    const { codes, problems } = await load(text);
    // Then
    expect(new Set(codes)).toEqual(new Set(['CONFIG_FOLDERS_OVERLAP']));
    expect(problems[0]).toContain('storage.config.root (line 10): overlaps the folder of ');
  });

  test('a folder whose name only begins like another is fine', async () => {
    // Given
    const text = changed('backend: disk', 'backend: disk\n  config: {root: ./incoming-clips}');
    // When
    const { problems } = await load(text);
    // Then
    expect(problems).toEqual([]);
  });

  test('a link into another folder is seen through, also when the end of the path does not exist yet', async () => {
    // Given
    await using place = await createConfigFolder();
    await mkdir(join(place.folder, 'incoming'));
    await symlink(join(place.folder, 'incoming'), join(place.folder, 'link'));
    const text = changed('backend: disk', 'backend: disk\n  config: {root: ./link/later/on}');
    // When
    const { problems } = await validateConfig(await place.write('homesec.yaml', text), createSmallRegistry(), {});
    // Then
    expect(problems.map(({ code }) => code)).toEqual(['CONFIG_FOLDERS_OVERLAP']);
  });

  test('two cameras may not watch one folder, unless one of them is off', async () => {
    // Given
    const second = (enabled: boolean) =>
      `  - {name: Two, enabled: ${enabled}, source: {backend: folder, config: {watch_dir: ./incoming}}}\nstorage:`;
    // When
    const both = await load(changed('storage:', second(true)));
    const one = await load(changed('storage:', second(false)));
    // Then
    expect(both.codes).toEqual(['CONFIG_FOLDERS_OVERLAP']);
    expect(one.codes).toEqual([]);
  });

  test('the spool may lie in the data folder and nowhere else that is used', async () => {
    // Given
    const inData = `${SMALL_CONFIG}spool: {dir: ./homesec-data/here}\n`;
    const inWatched = `${SMALL_CONFIG}spool: {dir: ./incoming/spool}\n`;
    // When
    const fine = await load(inData);
    const refused = await load(inWatched);
    // Then
    expect(fine.codes).toEqual([]);
    expect(refused.codes).toEqual(['CONFIG_FOLDERS_OVERLAP']);
  });

  test('a home folder written as ~ is refused, for it would be a folder of that name', async () => {
    // Given
    const text = changed('./incoming', '~/incoming');
    // When
    const { problems } = await load(text);
    // Then
    expect(problems).toEqual([expect.stringContaining('cameras[0].source.config.watch_dir (line 7): `~` does not stand')]);
  });
});

describe('references between sections', () => {
  test('a trigger class that the filter never reports is refused', async () => {
    // Given
    const text = `${SMALL_CONFIG}  trigger_classes: [person, dog]\n`;
    // When
    const { problems } = await load(text);
    // Then
    expect(problems).toEqual([
      'vlm.trigger_classes[1] (line 14): the filter, as configured, never reports this class; write one of: person',
    ]);
  });

  test('what a plugin finds wrong with other sections stands at its own place', async () => {
    // Given
    const text = `${SMALL_CONFIG}alert_policy: {config: {activity: delivery}}\n`;
    // When
    const { codes, problems } = await load(text);
    // Then
    expect(codes).toEqual(['CONFIG_REFERENCES_INVALID']);
    expect(problems).toEqual(['alert_policy.config.activity (line 14): The analyzer never says so; Use another']);
  });
});

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
