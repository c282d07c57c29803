import { type ZodType, z } from 'zod';
import { configSchema } from '../src/config/schema.ts';
import type { AnyPlugin } from '../src/plugins/registry.ts';
import type { PluginKind } from '../src/plugins/spec/plugin.ts';
import { isJsonObject, type JsonObject } from './json-schema.ts';

/** The sections that name a plugin, as places in the JSON schema. */
const SECTIONS: readonly { readonly kind: PluginKind; readonly place: readonly string[] }[] = [
  { kind: 'source', place: ['cameras', 'items', 'source'] },
  { kind: 'storage', place: ['storage'] },
  { kind: 'notifier', place: ['notifiers', 'items'] },
  { kind: 'filter', place: ['filter'] },
  { kind: 'analyzer', place: ['vlm'] },
  { kind: 'policy', place: ['alert_policy'] },
];

/** What an owner may write, as JSON schema: the core's sections, and each built-in plugin's config where its backend is named. */
export function configJsonSchema(plugins: readonly AnyPlugin[]): JsonObject {
  const root = inputSchemaOf(configSchema);
  const withPlugins = SECTIONS.reduce(
    (schema, { kind, place }) =>
      changeAt(schema, place, (section) =>
        addPlugins(
          section,
          plugins.filter((plugin) => plugin.kind === kind),
        ),
      ),
    root,
  );
  const sources = plugins.filter((plugin) => plugin.kind === 'source');
  const withDefaults = changeAt(withPlugins, ['source_defaults'], (section) => ({
    ...section,
    properties: Object.fromEntries(sources.map((plugin) => [plugin.backend, defaultsOf(plugin)])),
  }));
  return { ...withDefaults, title: 'HomeSec configuration' };
}

export const inputSchemaOf = (schema: ZodType): JsonObject => ({
  ...z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }),
});

function changeAt(schema: JsonObject, place: readonly string[], change: (section: JsonObject) => JsonObject): JsonObject {
  const [step, ...rest] = place;
  if (step === undefined) return change(schema);
  if (step === 'items') return { ...schema, items: changeAt(objectAt(schema, 'items'), rest, change) };
  const properties = objectAt(schema, 'properties');
  return { ...schema, properties: { ...properties, [step]: changeAt(objectAt(properties, step), rest, change) } };
}

/** Third-party plugins are allowed too, so other names are not refused; only their config stays unknown. */
function addPlugins(section: JsonObject, plugins: readonly AnyPlugin[]): JsonObject {
  const properties = objectAt(section, 'properties');
  const backend = { ...objectAt(properties, 'backend'), examples: plugins.map((plugin) => plugin.backend) };
  return {
    ...section,
    properties: { ...properties, backend },
    allOf: plugins.map((plugin) => ({
      if: { properties: { backend: { const: plugin.backend } }, required: ['backend'] },
      // oxlint-disable-next-line unicorn/no-thenable -- the word is JSON schema's.
      then: { properties: { config: withoutDialect(inputSchemaOf(plugin.configSchema)) } },
    })),
  };
}

/** Any keys of a plugin's config: what one camera has to write, another may inherit. */
function defaultsOf(plugin: AnyPlugin): JsonObject {
  const { required: _required, ...schema } = withoutDialect(inputSchemaOf(plugin.configSchema));
  return schema;
}

function withoutDialect({ $schema: _dialect, ...schema }: JsonObject): JsonObject {
  return schema;
}

function objectAt(schema: JsonObject, key: string): JsonObject {
  const value = schema[key];
  if (!isJsonObject(value)) throw new Error(`the configuration's JSON schema has no ${key} where it was expected`);
  return value;
}
