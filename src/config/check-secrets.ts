import type { ConfigIssue, ConfigPath } from './issue.ts';
import { hasPasswordInUrl, isVariableName, looksLikeSecret } from './secret-shape.ts';
import { isMapping } from './yaml-file.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A text in the file, and where. */
interface Leaf {
  readonly path: ConfigPath;
  readonly text: string;
}

/** Secrets written into the file, where the name of an environment variable belongs. */
export function findSecrets(root: unknown, environment: Environment): ConfigIssue[] {
  return leavesOf(root, []).flatMap((leaf) => {
    if (isVariableKey(leaf)) return isNameOfVariable(leaf.text, environment) ? [] : [secretInsteadOfName(leaf.path)];
    return hasPasswordInUrl(leaf.text) ? [passwordInUrl(leaf.path)] : [];
  });
}

/** Variables that the file names and this environment lacks: maybe set where HomeSec will run, so a warning only. None of what is off. */
export function findMissingVariables(root: unknown, environment: Environment): ConfigIssue[] {
  return leavesOf(root, [], isOff)
    .filter((leaf) => isVariableKey(leaf) && isNameOfVariable(leaf.text, environment) && !environment[leaf.text])
    .map(({ path }) => ({
      code: 'CONFIG_ENV_VAR_MISSING',
      path,
      what: 'the environment variable of this name is not set here',
      fix: 'set it where HomeSec runs',
    }));
}

/** `token_env`, and each key of a mapping such as `headers_env`. */
const isVariableKey = ({ path }: Leaf): boolean => path.slice(-2).some((key) => String(key).endsWith('_env'));

/** A variable that is set is a name however odd it looks. */
const isNameOfVariable = (text: string, environment: Environment): boolean =>
  isVariableName(text) && (environment[text] !== undefined || !looksLikeSecret(text));

const secretInsteadOfName = (path: ConfigPath): ConfigIssue => ({
  code: 'CONFIG_SECRET_IN_FILE',
  path,
  what: 'looks like a secret, and must be the name of an environment variable',
  fix: 'write only a name, such as MY_SECRET, set that variable, and change the secret if others could read this file',
});

const passwordInUrl = (path: ConfigPath): ConfigIssue => ({
  code: 'CONFIG_SECRET_IN_FILE',
  path,
  what: 'the URL carries a password',
  fix: 'take user and password out of it and name them by the `_env` keys of the section',
});

/** A camera or channel that is not enabled, or a model that is never asked. */
const isOff = (value: unknown): boolean =>
  isMapping(value) && (value['run_mode'] === 'never' || ('name' in value && value['enabled'] === false));

function leavesOf(value: unknown, path: ConfigPath, isSkipped: (value: unknown) => boolean = () => false): Leaf[] {
  if (isSkipped(value)) return [];
  if (typeof value === 'string') return [{ path, text: value }];
  if (Array.isArray(value)) return value.flatMap((item: unknown, index) => leavesOf(item, [...path, index], isSkipped));
  return isMapping(value) ? Object.entries(value).flatMap(([key, item]) => leavesOf(item, [...path, key], isSkipped)) : [];
}
