import { type Document, isMap, isSeq, LineCounter, type Node, parseDocument, type YAMLError } from 'yaml';
import { err, ok, type Result } from '../domain/result.ts';
import type { ConfigIssue, ConfigPath } from './issue.ts';

/** A YAML mapping, and where in the file each part of it stands. */
export interface YamlFile {
  readonly root: Readonly<Record<string, unknown>>;
  /** Duplicate keys: wrong, but the rest can still be checked. */
  readonly issues: readonly ConfigIssue[];
  /** The line of the key or list entry, or of the nearest thing above it that exists. */
  lineOf(path: ConfigPath): number | undefined;
}

export function parseYamlFile(text: string): Result<YamlFile, readonly ConfigIssue[]> {
  const lines = new LineCounter();
  // Without `prettyErrors` no message quotes a line of the file.
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines, stringKeys: true });
  const issues = [...document.errors, ...document.warnings].map((error) => explainYaml(error, lines));
  if (document.errors.some((error) => error.code !== 'DUPLICATE_KEY') || document.warnings.length > 0) return err(issues);
  const value = readValue(document);
  if (!value.ok) return value;
  if (value.value === null || value.value === undefined) return err([EMPTY_FILE]);
  if (!isMapping(value.value)) return err([NOT_A_MAPPING]);
  return ok({ root: value.value, issues, lineOf: (path) => lineOf(document, lines, path) });
}

export const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const EMPTY_FILE: ConfigIssue = {
  code: 'CONFIG_EMPTY_FILE',
  path: [],
  what: 'the file is empty',
  fix: 'start from config/homesec.example.yaml',
};
const NOT_A_MAPPING: ConfigIssue = {
  code: 'CONFIG_ROOT_NOT_MAPPING',
  path: [],
  line: 1,
  what: 'the file is not a mapping of sections',
  fix: 'write `version: 1`, then the sections, as in config/homesec.example.yaml',
};

/** Aliases are resolved only here, so an unknown one, or one that unfolds without end, is found here. */
function readValue(document: Document): Result<unknown, readonly ConfigIssue[]> {
  try {
    const value: unknown = document.toJS();
    return ok(value);
  } catch {
    const what = 'an alias (`*name`) cannot be resolved';
    return err([{ code: 'CONFIG_YAML_INVALID', path: [], what, fix: 'define its anchor (`&name`) earlier in the file' }]);
  }
}

function lineOf(document: Document, lines: LineCounter, path: ConfigPath): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const segment of path) {
    const step = child(node, segment);
    if (step === undefined) break;
    offset = step.offset ?? offset;
    node = step.node;
  }
  return offset === undefined ? undefined : lines.linePos(offset).line;
}

interface Step {
  readonly node: unknown;
  readonly offset: number | undefined;
}

function child(node: unknown, segment: string | number): Step | undefined {
  if (isMap<Node, Node>(node)) {
    // Of a key that stands twice, the last one counts, as in the value.
    const pair = node.items.findLast(({ key }) => 'value' in key && String(key.value) === String(segment));
    return pair === undefined ? undefined : { node: pair.value, offset: pair.key.range?.[0] };
  }
  if (isSeq<Node>(node) && typeof segment === 'number') {
    const item = node.items[segment];
    return item === undefined ? undefined : { node: item, offset: item.range?.[0] };
  }
  return undefined;
}

const EXPLANATIONS: Partial<Record<YAMLError['code'], readonly [what: string, fix: string]>> = {
  DUPLICATE_KEY: ['the same key stands twice in one mapping', 'keep one of them'],
  TAB_AS_INDENT: ['the line is indented with a tab', 'indent with spaces'],
  MULTIPLE_DOCS: ['the file holds more than one YAML document', 'remove the `---` and what follows it'],
  MISSING_CHAR: ['a quote, bracket or comma is missing', 'close what was opened on or before this line'],
  BAD_INDENT: ['the indentation does not fit the lines before', 'align keys of one section, with spaces'],
  BLOCK_AS_IMPLICIT_KEY: ['a second `key: value` stands on the line', 'quote the value if it contains `: `'],
  TAG_RESOLVE_FAILED: ['a value has a tag (`!…`) that means nothing here', 'remove the tag, or quote the value'],
  BAD_ALIAS: ['a value begins with `*`', 'quote the value'],
  BAD_SCALAR_START: ['a value begins with a reserved character', 'quote the value'],
  BAD_DQ_ESCAPE: ['an escape in double quotes is not valid', 'use single quotes, or write `\\\\` for a backslash'],
};

function explainYaml(error: YAMLError, lines: LineCounter): ConfigIssue {
  const [what, fix] = EXPLANATIONS[error.code] ?? ['the line is not valid YAML', 'compare with config/homesec.example.yaml'];
  return { code: 'CONFIG_YAML_INVALID', path: [], line: lines.linePos(error.pos[0]).line, what, fix };
}
