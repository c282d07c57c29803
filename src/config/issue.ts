import { looksLikeSecret } from './secret-shape.ts';

/** Every way a configuration can be wrong. */
export type ConfigCode =
  | 'CONFIG_FILE_NOT_FOUND'
  | 'CONFIG_FILE_UNREADABLE'
  | 'CONFIG_YAML_INVALID'
  | 'CONFIG_EMPTY_FILE'
  | 'CONFIG_ROOT_NOT_MAPPING'
  | 'CONFIG_VALIDATION_FAILED'
  | 'CONFIG_KEY_UNKNOWN'
  | 'CONFIG_KEY_WITHOUT_EFFECT'
  | 'CONFIG_NAME_NOT_UNIQUE'
  | 'CONFIG_FOLDERS_OVERLAP'
  | 'CONFIG_REFERENCES_INVALID'
  | 'CONFIG_SECRET_IN_FILE'
  | 'CONFIG_PACKAGE_INVALID'
  | 'CONFIG_PLUGIN_NAMES_INVALID'
  | 'CONFIG_PLUGIN_CONFIG_INVALID'
  // Warnings: the configuration can be used.
  | 'CONFIG_FILE_READABLE_BY_OTHERS'
  | 'CONFIG_ENV_VAR_MISSING';

/** Where something stands in the file: keys and list positions from the root. */
export type ConfigPath = readonly (string | number)[];

/** One thing that is wrong. `what` and `fix` never repeat a value from the file. */
export interface ConfigIssue {
  readonly code: ConfigCode;
  readonly path: ConfigPath;
  /** From 1; absent when it stands nowhere in the file. */
  readonly line?: number;
  readonly what: string;
  readonly fix: string;
}

/** Everything that keeps a configuration from being used, in the order of the file. */
export interface ConfigProblemReport {
  readonly file: string;
  readonly problems: readonly ConfigIssue[];
  readonly warnings: readonly ConfigIssue[];
}

/** `cameras[0].source.config.watch_dir (line 12): is missing; fix: …` */
export function formatIssue(issue: ConfigIssue): string {
  const line = issue.line === undefined ? '' : ` (line ${issue.line})`;
  return `${formatPath(issue.path)}${line}: ${issue.what}; ${issue.fix}`;
}

/** The report as text: the file, then one line for each problem and warning. */
export function formatReport(report: ConfigProblemReport): string {
  const problems = report.problems.map((problem) => `  ${formatIssue(problem)}`);
  const warnings = report.warnings.map((warning) => `  warning: ${formatIssue(warning)}`);
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return [`${report.file}: ${count}`, ...problems, ...warnings].join('\n');
}

/** `cameras[0].source`; keys that are no plain words are quoted, one that may be a misplaced secret is left out. */
export function formatPath(path: ConfigPath): string {
  if (path.length === 0) return '(file)';
  return path.map((segment, index) => formatSegment(segment, index === 0)).join('');
}

function formatSegment(segment: string | number, isFirst: boolean): string {
  if (typeof segment === 'number') return `[${segment}]`;
  if (segment.length > 64 || looksLikeSecret(segment)) return '["…"]';
  if (!/^[A-Za-z_][\w-]*$/.test(segment)) return `[${JSON.stringify(segment)}]`;
  return isFirst ? segment : `.${segment}`;
}
