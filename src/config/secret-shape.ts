const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** How keys of well-known services begin. */
const KEY_PREFIX = /^(sk-|sk_|pk_|rk_|SG\.|gh[opsu]_|github_pat_|xox[abp]-|AKIA|AIza|eyJ|glpat-|hf_|dop_v1_|ya29\.)/;
const ENCODED = /^[A-Za-z0-9+/=_-]{20,}$/;
const CONVENTIONAL_NAME = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/;

/** Whether a text could be the name of an environment variable. */
export const isVariableName = (text: string): boolean => VARIABLE_NAME.test(text);

/**
 * Whether a text looks like a key, token or password hash rather than a name: by its prefix, or as a long run of letters
 * mixed with digits. `OPENAI_API_KEY_2` and `openai_api_key` are names.
 */
export function looksLikeSecret(text: string): boolean {
  if (KEY_PREFIX.test(text)) return true;
  if (!ENCODED.test(text) || CONVENTIONAL_NAME.test(text)) return false;
  return /\d/.test(text) && longestWord(text) >= 16;
}

/** Names are words joined by `_` or `-`; generated keys have long unbroken stretches. */
const longestWord = (text: string): number => Math.max(...text.split(/[_-]/).map((word) => word.length));

/** Whether a URL carries a user's password: `scheme://user:password@host`. */
export const hasPasswordInUrl = (text: string): boolean => /[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:[^/\s@]+@/i.test(text);
