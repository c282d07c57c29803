import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ZodType, z } from 'zod';
import { loadConfig } from '../../../src/config/load.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { BUILTIN_PLUGINS, createBuiltinRegistry } from '../../../src/plugins/builtin.ts';
import { inputSchemaOf } from '../../../tools/config-json-schema.ts';
import { generatedFiles } from '../../../tools/generated-files.ts';
import { keysOf } from '../../../tools/json-schema.ts';
import { REPOSITORY } from '../../support/run-tool.ts';

const EXAMPLE = join(REPOSITORY, 'config', 'homesec.example.yaml');

/** The last words of all keys that an owner may write. */
const keyNames = (schema: ZodType): string[] => keysOf(inputSchemaOf(schema)).map(({ path }) => path.split('.').at(-1) ?? path);

async function sourcesBelow(folder: string, isSkipped: (path: string) => boolean): Promise<string> {
  const entries = await readdir(folder, { recursive: true });
  const paths = entries.filter((entry) => entry.endsWith('.ts') && !isSkipped(entry)).map((entry) => join(folder, entry));
  return (await Promise.all(paths.map((path) => readFile(path, 'utf8')))).join('\n');
}

describe('config/homesec.example.yaml', () => {
  test('loads as it stands', async () => {
    // Given the shipped file
    // When
    const result = await loadConfig(EXAMPLE, createBuiltinRegistry(), { OPENAI_API_KEY: 'set' });
    // Then
    expect(result).toMatchObject({
      ok: true,
      value: { config: { cameras: [{ name: 'front_door' }, { name: 'yard' }, { name: 'driveway' }] } },
    });
  });

  test('shows every section', async () => {
    // Given
    const text = await readFile(EXAMPLE, 'utf8');
    // When
    const shown = Object.keys(configSchema.shape).filter((section) => new RegExp(`^(# )?${section}:`, 'm').test(text));
    // Then
    expect(shown).toEqual(Object.keys(configSchema.shape));
  });

  test('shows the defaults where it shows a key of the core', async () => {
    // Given
    const result = await loadConfig(EXAMPLE, createBuiltinRegistry(), {});
    const { retention, retry, concurrency, alert, temporal } = configSchema
      .pick({ retention: true, retry: true, concurrency: true, alert: true, temporal: true })
      .parse({});
    // When
    const config = result.ok ? result.value.config : undefined;
    // Then
    expect(config).toMatchObject({ retention, retry, concurrency, alert, temporal });
  });
});

describe('generated files', () => {
  test.each(generatedFiles())('$path is current (make gen)', async ({ path, text }) => {
    // Given what the schemas say now
    // When
    const committed = await readFile(join(REPOSITORY, path), 'utf8');
    // Then
    expect(committed).toBe(text);
  });

  test('the JSON schema knows the keys of each built-in plugin', () => {
    // Given
    const schema = generatedFiles().find(({ path }) => path.endsWith('.json'))?.text ?? '';
    const keys = BUILTIN_PLUGINS.flatMap(({ configSchema: schemaOfPlugin }) => keyNames(schemaOfPlugin));
    // When
    const missing = keys.filter((key) => !schema.includes(`"${key}": {`));
    // Then
    expect(keys.length).toBeGreaterThan(40);
    expect(missing).toEqual([]);
  });
});

describe('each key', () => {
  const owners: readonly { readonly owner: string; readonly schema: ZodType }[] = [
    { owner: 'the core', schema: configSchema },
    ...BUILTIN_PLUGINS.map((plugin) => ({ owner: `${plugin.kind} ${plugin.backend}`, schema: plugin.configSchema })),
  ];

  test.each(owners)('of $owner has a description', ({ schema }) => {
    // Given
    const keys = keysOf(inputSchemaOf(schema));
    // When
    const silent = keys.filter((key) => !z.string().min(5).safeParse(key.schema['description']).success);
    // Then
    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  test('of the core is used by some part of HomeSec', async () => {
    // Given all sources that are not about reading the configuration
    const sources = [
      await sourcesBelow(join(REPOSITORY, 'src'), (path) => path.startsWith('config')),
      await sourcesBelow(join(REPOSITORY, 'workers'), () => false),
    ].join('\n');
    // `version` says how to read the file; `plugins` and `source_defaults` are used up by reading it.
    const read = ['version', 'plugins', 'source_defaults'];
    // When
    const unused = keyNames(configSchema).filter((key) => !read.includes(key) && !new RegExp(`\\b${key}\\b`).test(sources));
    // Then
    expect(unused).toEqual([]);
  });

  test.each(BUILTIN_PLUGINS.map((plugin) => [plugin.kind, plugin.backend, plugin.configSchema] as const))(
    'of %s %s is used by the plugin',
    async (kind, backend, schema) => {
      // Given the plugin's sources without its schema, and with those that turn alerts into mails where it takes them
      const folders = await readdir(join(REPOSITORY, 'src', 'plugins'), { recursive: true });
      const name = backend.replaceAll('_', '-');
      const parents = {
        source: 'sources',
        storage: 'storage',
        filter: 'filters',
        analyzer: 'analyzers',
        policy: 'policies',
        notifier: 'notifiers',
      };
      const index = folders.find((path) => dirname(path) === join(parents[kind], name));
      const folder = join(REPOSITORY, 'src', 'plugins', dirname(index ?? ''));
      const own = await sourcesBelow(folder, (path) => path === 'config.ts');
      const mail = join(REPOSITORY, 'src', 'mail');
      const shared = own.includes('mail/compose.ts') ? await sourcesBelow(mail, (path) => path === 'mail-fields.ts') : '';
      const sources = own + shared;
      // When
      const unused = keyNames(schema).filter((key) => !new RegExp(`\\b${key}\\b`).test(sources));
      // Then
      expect(unused).toEqual([]);
    },
  );
});
