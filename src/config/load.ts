import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { err, ok, type Result } from '../domain/result.ts';
import { importPlugins } from '../plugins/packages.ts';
import { type AnyPlugin, createRegistry, type Registry } from '../plugins/registry.ts';
import type { ConfigFacts } from '../plugins/spec/plugin.ts';
import { findOverlaps } from './check-folders.ts';
import { findSharedNames } from './check-names.ts';
import { checkPlugins } from './check-plugins.ts';
import { type Environment, findMissingVariables, findSecrets } from './check-secrets.ts';
import { explainIssues } from './explain.ts';
import type { ConfigIssue, ConfigProblemReport } from './issue.ts';
import { modelsDirOf } from './own-folders.ts';
import { listOf } from './plugin-uses.ts';
import { type Config, configSchema } from './schema.ts';
import { spreadSourceDefaults } from './source-defaults.ts';
import { findKeysWithoutEffect } from './without-effect.ts';
import { isMapping, parseYamlFile, type YamlFile } from './yaml-file.ts';

export interface LoadedConfig {
  readonly config: Config;
  /** Absolute path of the file. */
  readonly file: string;
  /** Its folder: relative paths in the configuration start here, so a process makes it its working directory. */
  readonly folder: string;
  /** The built-in plugins and those of the packages that the configuration names. */
  readonly registry: Registry;
  readonly facts: ConfigFacts;
  readonly warnings: readonly ConfigIssue[];
}

/**
 * Reads a configuration and checks all of it: the file's form, every section, each plugin's own config, and what they say
 * of each other. On failure all problems are reported at once. Changes nothing and connects to nothing.
 * @param environment only asked whether the variables that the file names are set.
 */
export async function loadConfig(
  path: string,
  builtin: Registry,
  environment: Environment = process.env,
): Promise<Result<LoadedConfig, ConfigProblemReport>> {
  const file = resolve(path);
  const text = await readText(file);
  if (!text.ok) return err({ file, problems: [text.error], warnings: [] });
  const yaml = parseYamlFile(text.value);
  if (!yaml.ok) return err({ file, problems: yaml.error, warnings: [] });

  const written = yaml.value.root;
  const { root, placeOf, issues: unusedDefaults } = spreadSourceDefaults(written);
  const folder = dirname(file);
  const packages = await addPackages(root, builtin, folder);
  const own = ownFolders(root);
  const modelsDir = modelsDirOf(resolve(folder, own.dataDir), environment);
  const plugins = checkPlugins(root, packages.registry, { baseDir: folder, modelsDir });
  const parsed = configSchema.safeParse(root);
  const schemaIssues = parsed.success ? [] : explainIssues(parsed.error.issues, asChecked(root));
  const found = [
    ...yaml.value.issues,
    ...findKeysWithoutEffect(written),
    ...findSecrets(written, environment),
    ...schemaIssues,
    ...unusedDefaults,
    ...packages.issues,
    ...plugins.issues,
    ...findSharedNames(root),
    ...(await findOverlaps(plugins.parsed, own, folder)),
  ];
  const problems = settle(
    yaml.value,
    found.map((issue) => ({ ...issue, path: placeOf(issue.path) })),
  );
  const warnings = settle(yaml.value, [...(await checkMode(file)), ...findMissingVariables(written, environment)]);
  if (problems.length > 0 || !parsed.success || plugins.facts === undefined) return err({ file, problems, warnings });
  return ok({ config: parsed.data, file, folder, registry: packages.registry, facts: plugins.facts, warnings });
}

async function readText(file: string): Promise<Result<string, ConfigIssue>> {
  try {
    return ok(await readFile(file, 'utf8'));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    const fix = 'give the path of a file, or copy config/homesec.example.yaml';
    if (code === 'ENOENT') return err({ code: 'CONFIG_FILE_NOT_FOUND', path: [], what: 'the file does not exist', fix });
    return err({ code: 'CONFIG_FILE_UNREADABLE', path: [], what: `the file cannot be read (${code})`, fix });
  }
}

const asChecked = (value: unknown) => ({ schema: configSchema, value, path: [], code: 'CONFIG_VALIDATION_FAILED' as const });

interface AddedPackages {
  readonly registry: Registry;
  readonly issues: readonly ConfigIssue[];
}

async function addPackages(root: YamlFile['root'], builtin: Registry, folder: string): Promise<AddedPackages> {
  let registry = builtin;
  const issues: ConfigIssue[] = [];
  for (const [index, name] of listOf(root['plugins']).entries()) {
    if (typeof name !== 'string' || name === '') continue;
    const imported = await importPlugins(name, folder);
    const added = imported.ok ? addPlugins(registry, imported.value) : imported;
    if (added.ok) registry = added.value;
    else issues.push({ code: 'CONFIG_PACKAGE_INVALID', path: ['plugins', index], ...added.error });
  }
  return { registry, issues };
}

function addPlugins(registry: Registry, plugins: readonly AnyPlugin[]): Result<Registry, Pick<ConfigIssue, 'what' | 'fix'>> {
  const added = createRegistry([...registry.plugins, ...plugins]);
  if (added.ok) return added;
  const { kind, backend } = added.error;
  return err({ what: `the package brings a second ${kind} plugin named ${backend}`, fix: 'remove one of the two packages' });
}

/** As written, or as the schema fills them in. */
function ownFolders(root: YamlFile['root']) {
  const dataDir = configSchema.shape.data_dir.safeParse(root['data_dir']);
  const spool = isMapping(root['spool']) ? root['spool']['dir'] : undefined;
  return {
    dataDir: dataDir.success ? dataDir.data : configSchema.shape.data_dir.parse(undefined),
    spoolDir: typeof spool === 'string' && spool !== '' ? spool : undefined,
  };
}

async function checkMode(file: string): Promise<ConfigIssue[]> {
  const { mode } = await stat(file);
  if (process.platform === 'win32' || (mode & 0o077) === 0) return [];
  const what = 'other users of this machine may read the file';
  return [{ code: 'CONFIG_FILE_READABLE_BY_OTHERS', path: [], what, fix: 'run `chmod 600` on it' }];
}

/** One issue for each place (the first is the most telling), with its line, in the order of the file. */
function settle(yaml: YamlFile, issues: readonly ConfigIssue[]): ConfigIssue[] {
  const first = new Map<string, ConfigIssue>();
  for (const issue of issues) {
    const key = JSON.stringify([issue.path, issue.path.length === 0 || issue.code === 'CONFIG_FOLDERS_OVERLAP' ? issue : '']);
    if (!first.has(key)) first.set(key, withLine(yaml, issue));
  }
  return [...first.values()].toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

function withLine(yaml: YamlFile, issue: ConfigIssue): ConfigIssue {
  const line = issue.line ?? yaml.lineOf(issue.path);
  return line === undefined ? issue : { ...issue, line };
}
