import type { ZodError, ZodType } from 'zod';
import { nearestTo } from '../domain/nearest.ts';
import type { ConfigCode, ConfigIssue, ConfigPath } from './issue.ts';
import { lookUp } from './schema-lookup.ts';
import { isMapping } from './yaml-file.ts';

type ZodIssue = ZodError['issues'][number];

/** What was checked, by which schema, and where it stands in the file. */
export interface Checked {
  readonly schema: ZodType;
  readonly value: unknown;
  readonly path: ConfigPath;
  readonly code: ConfigCode;
}

/** Zod's issues as path, what and fix, without any value from the file. */
export function explainIssues(issues: readonly ZodIssue[], checked: Checked): ConfigIssue[] {
  return issues.flatMap((issue) => explainIssue(issue, checked));
}

function explainIssue(issue: ZodIssue, checked: Checked): ConfigIssue[] {
  const at = issue.path.map((segment) => (typeof segment === 'number' ? segment : String(segment)));
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, at, checked));
  if (issue.code === 'invalid_union') {
    const branch = closestBranch(issue.errors);
    if (branch !== undefined)
      return explainIssues(
        branch.map((inner) => ({ ...inner, path: [...at, ...inner.path] })),
        checked,
      );
  }
  const path = [...checked.path, ...at];
  const value = valueAt(checked.value, at);
  const what = value === undefined && issue.code === 'invalid_type' ? 'is missing' : whatIsWrong(issue, value);
  return [{ code: checked.code, path, what, fix: fixFor(issue, at, value, checked) }];
}

function unknownKey(key: string, at: ConfigPath, { schema, path, code }: Checked): ConfigIssue {
  const { keys } = lookUp(schema, at);
  const base = {
    code: code === 'CONFIG_VALIDATION_FAILED' ? ('CONFIG_KEY_UNKNOWN' as const) : code,
    path: [...path, ...at, key],
  };
  const secret = keys.find((known) => known === `${key}_env`);
  if (secret !== undefined) {
    const fix = `write ${secret} with the name of an environment variable that holds it`;
    return { ...base, code: 'CONFIG_SECRET_IN_FILE', what: 'secrets do not stand in this file', fix };
  }
  const nearest = nearestTo(key, keys);
  const fix =
    nearest === undefined ? `remove it; known here: ${keys.toSorted().join(', ') || 'none'}` : `did you mean ${nearest}?`;
  return { ...base, what: 'is not a known key', fix };
}

const KIND_WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

/** Zod's codes that say all there is to say; of others (custom checks, formats) the schema's author has the word. */
function whatIsWrong(issue: ZodIssue, value: unknown): string {
  if (issue.code === 'invalid_type') return `must be ${KIND_WORDS[issue.expected] ?? issue.expected}`;
  if (issue.code === 'invalid_value')
    return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}`;
  if (issue.code === 'too_small')
    return `must be ${limit(issue.origin, issue.minimum, issue.inclusive ? 'at least' : 'more than')}`;
  if (issue.code === 'too_big') return `must be ${limit(issue.origin, issue.maximum, issue.inclusive ? 'at most' : 'less than')}`;
  if (issue.code === 'invalid_union') return 'has none of the allowed forms';
  // Of a mapping by name: what is wrong is the name itself, and its own issue says how.
  if (issue.code === 'invalid_key' && issue.issues[0] !== undefined) return whatIsWrong(issue.issues[0], undefined);
  if (issue.code === 'invalid_format' && issue.message === 'Invalid URL') return 'must be an address such as http://host:port';
  return issue.message === '' ? 'is not valid' : withoutValues(issue.message, value);
}

function limit(origin: string, bound: number | bigint, relation: string): string {
  if (origin === 'string') return bound === 1 && relation === 'at least' ? 'not empty' : `${relation} ${bound} characters long`;
  if (origin === 'array' && bound === 1 && relation === 'at least') return 'a list that is not empty';
  if (origin === 'array' || origin === 'set') return `a list of ${relation} ${bound} entries`;
  return `${relation} ${bound}`;
}

function fixFor(issue: ZodIssue, at: ConfigPath, value: unknown, { schema }: Checked): string {
  if (issue.code === 'invalid_value') {
    // `5` is a number to YAML, where the text "5" may be allowed.
    if (typeof value !== 'string' && issue.values.includes(String(value))) return 'put the value in quotes';
    const nearest = typeof value === 'string' ? nearestTo(value, issue.values.map(String)) : undefined;
    return nearest === undefined ? `write ${issue.values.map(String).join(' or ')}` : `did you mean ${nearest}?`;
  }
  const { description, keys } = lookUp(schema, at);
  if (description !== undefined) return `${value === undefined ? 'add' : 'write'}: ${description}`;
  if (keys.length > 0) return `write a mapping with ${keys.join(', ')}`;
  return value === undefined ? 'add it' : 'see docs/ref/config.md';
}

/** Of the branches of a union, the one that got farthest before it failed: most likely what was meant. */
function closestBranch(branches: readonly (readonly ZodIssue[])[]): readonly ZodIssue[] | undefined {
  const depth = (issues: readonly ZodIssue[]) => Math.max(0, ...issues.map((issue) => issue.path.length));
  return branches.filter((issues) => depth(issues) > 0).toSorted((a, b) => depth(b) - depth(a) || a.length - b.length)[0];
}

export function valueAt(value: unknown, path: ConfigPath): unknown {
  let at = value;
  for (const segment of path) {
    if (Array.isArray(at) && typeof segment === 'number') at = at[segment];
    else if (isMapping(at) && Object.hasOwn(at, segment)) at = at[segment];
    else return undefined;
  }
  return at;
}

/** A plugin's own message might quote what it was given. */
function withoutValues(message: string, value: unknown): string {
  return leavesOf(value).reduce((text, leaf) => (leaf.length < 3 ? text : text.replaceAll(leaf, '…')), message);
}

function leavesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(leavesOf);
  if (isMapping(value)) return Object.values(value).flatMap(leavesOf);
  return typeof value === 'string' || typeof value === 'number' ? [String(value)] : [];
}
