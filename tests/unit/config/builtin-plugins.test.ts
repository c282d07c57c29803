import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { formatIssue } from '../../../src/config/issue.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { createBuiltinRegistry } from '../../../src/plugins/builtin.ts';
import { createConfigFolder } from '../../support/config-file.ts';

const VALID = `version: 1
cameras:
  - name: Front Door
    source: {backend: local_folder, config: {watch_dir: ./recordings}}
storage: {backend: local, config: {root: ./storage}}
filter: {backend: yolo, config: {}}
vlm: {backend: openai, config: {model: any, api_key_env: null}}
alert_policy: {config: {}}
`;

/** Loads the valid configuration with one value set, and gives the problems as the owner sees them. */
async function loadWith(path: readonly (string | number)[], value: unknown, files: Record<string, string> = {}) {
  await using place = await createConfigFolder();
  for (const [name, text] of Object.entries(files)) await place.write(name, text);
  const document = parseDocument(VALID);
  document.setIn(path, document.createNode(value));
  const result = await loadConfig(
    await place.write('homesec.yaml', document.toString({ lineWidth: 0 })),
    createBuiltinRegistry(),
    {},
  );
  return result.ok ? [] : result.error.problems.map(formatIssue);
}

describe('with the built-in plugins', () => {
  test.each([
    [
      'an override for an unknown camera',
      ['alert_policy', 'config', 'overrides'],
      { 'Front Dor': { notify_on_motion: true } },
      'alert_policy.config.overrides["Front Dor"] (line 8): No camera has this name',
    ],
    [
      'a detector setting for an unknown camera',
      ['filter', 'config', 'overrides'],
      { Garden: { min_hits: 2 } },
      'filter.config.overrides.Garden (line 6): No camera has this name',
    ],
    [
      'a class that the detector does not know',
      ['filter', 'config', 'classes'],
      ['person', 'persn'],
      'filter.config.classes[1] (line 6): The model knows no such class; Did you mean person?',
    ],
    [
      'an activity that the analyzer never names',
      ['alert_policy', 'config', 'notify_on_activity_types'],
      ['normal_delivery', 'person_at_door'],
      'alert_policy.config.notify_on_activity_types[1] (line 8): The configured analyzer never answers with',
    ],
    [
      'a trigger class that the detector does not look for',
      ['vlm', 'trigger_classes'],
      ['person', 'dog'],
      'vlm.trigger_classes[1] (line 7): the filter, as configured, never reports this class',
    ],
    ['a missing required key', ['vlm', 'config'], {}, 'vlm.config.model (line 7): is missing'],
    [
      'a level of risk that there is not',
      ['alert_policy', 'config', 'min_risk_level'],
      'hihg',
      'alert_policy.config.min_risk_level (line 8): must be one of low, medium, high, critical; did you mean high?',
    ],
    [
      'a key of another version',
      ['vlm', 'preprocessing'],
      { max_frames: 3 },
      'vlm.preprocessing (line 7): has no effect in this version; move its keys to vlm.config',
    ],
    [
      'a secret among the headers of a webhook',
      ['notifiers'],
      [{ name: 'hall', backend: 'webhook', config: { url: 'https://x.example', headers: { Authorization: 'Bearer open' } } }],
      'notifiers[0].config.headers.Authorization (line 15): holds a secret: name a variable with its value in headers_env',
    ],
    [
      'an address without a scheme',
      ['clip_server'],
      { listen: '127.0.0.1:8790', public_url: 'camera-host' },
      'clip_server.public_url (line 11): must be an address such as http://host:port',
    ],
    [
      'an empty list',
      ['temporal'],
      { encryption: { keys: [] } },
      'temporal.encryption.keys (line 11): must be a list that is not empty',
    ],
    [
      'a text where YAML reads a number',
      ['notifiers'],
      [{ name: 'hall', backend: 'mqtt', config: { protocol_version: 5 } }],
      'must be one of 5, auto, 3.1.1; put the value in quotes',
    ],
  ])('%s is refused', async (_what, path, value, message) => {
    // Given a configuration that is valid without it
    const without = await loadWith(['version'], 1);
    // When
    const problems = await loadWith(path, value);
    // Then
    expect(without).toEqual([]);
    expect(problems).toEqual([expect.stringContaining(message)]);
  });

  test('two cameras of one FTP server are checked against each other, and told where they differ', async () => {
    // Given
    const camera = (name: string, config: object) => ({ name, source: { backend: 'ftp', config } });
    const front = camera('Front', { user: 'front', password_env: 'FRONT' });
    // When
    const good = await loadWith(['cameras'], [front, camera('Garden', { user: 'garden', password_env: 'GARDEN' })]);
    const bad = await loadWith(
      ['cameras'],
      [front, camera('Garden', { user: 'front', password_env: 'GARDEN', idle_timeout_s: 5 })],
    );
    const off = await loadWith(
      ['cameras'],
      [front, { ...camera('Garden', { user: 'front', password_env: 'GARDEN' }), enabled: false }],
    );
    // Then
    expect([good, off]).toEqual([[], []]);
    expect(bad).toEqual([
      expect.stringContaining('cameras[1].source.config.user (line 13): Another camera logs in with this name'),
      expect.stringContaining('cameras[1].source.config.idle_timeout_s (line 15): Another camera of the same host and port'),
    ]);
  });

  test('folders are compared as they lie beside the file, wherever the process is', async () => {
    // Given this process in another folder than the file's
    // When
    const problems = await loadWith(['storage', 'config', 'root'], './recordings/clips');
    // Then
    expect(problems).toEqual([expect.stringContaining('storage.config.root (line 5): overlaps the folder of cameras[0]')]);
  });

  test('a model manifest is looked for beside the file', async () => {
    // Given
    const files = { 'models/mine.json': '{}' };
    // When
    const missing = await loadWith(['filter', 'config', 'model'], './models/other.json');
    const present = await loadWith(['filter', 'config', 'model'], './models/mine.json', files);
    // Then
    expect(missing).toEqual([expect.stringContaining('filter.config.model (line 6): There is no model manifest at this path')]);
    expect(present).toEqual([expect.stringMatching(/^filter\.config\.model \(line 6\): (?!There is no).*not valid/)]);
  });
});
