const CAMEL_KEY = /^[a-z][a-z0-9]*(?:[A-Z][a-z0-9]*)+$/;
const SNAKE_KEY = /^[a-z][a-z0-9]*(?:_[a-z][a-z0-9]*)+$/;

/**
 * A value with the keys of all its objects in snake_case, as JSON that leaves HomeSec is written: `modelSha256` becomes
 * `model_sha256`. Values are never touched, nor keys that are not camelCase words (`Front Door`). Callers give it values of
 * the domain, whose keys are field names; an object that is a map with keys of the owner's choosing does not belong here.
 */
export function toSnakeCase(value: unknown): unknown {
  return mapKeys(value, (key) =>
    CAMEL_KEY.test(key) ? key.replaceAll(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`) : key,
  );
}

/** The way back: `fromSnakeCase(toSnakeCase(value))` equals `value` for every value of the domain. */
export function fromSnakeCase(value: unknown): unknown {
  return mapKeys(value, (key) =>
    SNAKE_KEY.test(key) ? key.replaceAll(/_([a-z])/g, (_pair, letter: string) => letter.toUpperCase()) : key,
  );
}

function mapKeys(value: unknown, mapKey: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => mapKeys(item, mapKey));
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [mapKey(key), mapKeys(member, mapKey)]));
}

/** Of any realm. Not a `Date` or `Secret`, say: those know themselves how they are written. */
function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
