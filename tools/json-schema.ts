export type JsonObject = Readonly<Record<string, unknown>>;

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** One key that an owner may write. */
export interface ConfigKey {
  /** Below the section: `auth.username_env`, `overrides.<name>.classes`. */
  readonly path: string;
  readonly isRequired: boolean;
  readonly schema: JsonObject;
}

/** All keys below a schema, in its order, those of sections inside it too. */
export function keysOf(schema: JsonObject, prefix = ''): ConfigKey[] {
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  return Object.entries(properties).flatMap(([name, property]) => {
    if (!isJsonObject(property)) return [];
    const path = `${prefix}${name}`;
    return [{ path, isRequired: required.includes(name), schema: property }, ...keysBelow(property, path)];
  });
}

function keysBelow(schema: JsonObject, path: string): ConfigKey[] {
  const { items, additionalProperties, anyOf } = schema;
  // A section that may also be `null`.
  const branches = Array.isArray(anyOf) ? anyOf.filter(isJsonObject) : [];
  return [
    ...keysOf(schema, `${path}.`),
    ...(isJsonObject(items) ? keysOf(items, `${path}[].`) : []),
    ...(isJsonObject(additionalProperties) ? keysOf(additionalProperties, `${path}.<name>.`) : []),
    ...branches.flatMap((branch) => keysBelow(branch, path)),
  ];
}

/** The type of a value in the owner's words. */
export function typeOf(schema: JsonObject): string {
  if (Array.isArray(schema['enum'])) return schema['enum'].map((value) => `\`${String(value)}\``).join(', ');
  if ('const' in schema) return `\`${String(schema['const'])}\``;
  const branches = schema['anyOf'];
  if (Array.isArray(branches)) return branches.filter(isJsonObject).map(typeOf).join(' or ');
  switch (schema['type']) {
    case 'string':
      return 'text';
    case 'boolean':
      return '`true`, `false`';
    case 'null':
      return '`null`';
    case 'integer':
      return `whole number${rangeOf(schema)}`;
    case 'number':
      return `number${rangeOf(schema)}`;
    case 'array':
      return isJsonObject(schema['items']) ? `list of ${typeOf(schema['items'])}` : 'list';
    case 'object':
      return isJsonObject(schema['additionalProperties']) && !isAnything(schema['additionalProperties'])
        ? 'mapping by name'
        : 'mapping';
    default:
      return 'any';
  }
}

/** The empty schema, which every value fits. */
const isAnything = (schema: JsonObject): boolean => Object.keys(schema).length === 0;

function rangeOf({ minimum, maximum, exclusiveMinimum }: JsonObject): string {
  // Zod bounds whole numbers by what JavaScript can count; that is no limit an owner meets.
  const isReal = (bound: unknown): bound is number => typeof bound === 'number' && Math.abs(bound) < Number.MAX_SAFE_INTEGER;
  const lower = isReal(exclusiveMinimum) ? `above ${exclusiveMinimum}` : isReal(minimum) ? `from ${minimum}` : '';
  const upper = isReal(maximum) ? `to ${maximum}` : '';
  const range = [lower, upper].filter((text) => text !== '').join(' ');
  return range === '' ? '' : `, ${range}`;
}
