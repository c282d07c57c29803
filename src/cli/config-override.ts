import { InvalidArgumentError } from 'commander';
import { parse } from 'yaml';
import type { ConfigOverride } from '../domain/backfill.ts';
import { withOverride } from '../plugins/variants.ts';

/**
 * One `key=value` of the command line, added to those before. The key may lead into a mapping (`overrides.Front Door.min_hits=2`);
 * the value is YAML, so that numbers, lists and null are what they are in the configuration.
 */
export function addOverride(text: string, before: ConfigOverride = {}): ConfigOverride {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Write key=value.');
  const path = text.slice(0, at).split('.');
  const value = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), valueOf(text.slice(at + 1)));
  return withOverride(before, value as ConfigOverride);
}

function valueOf(yaml: string): unknown {
  try {
    return parse(yaml);
  } catch {
    throw new InvalidArgumentError('The value is not YAML; put it in quotes.');
  }
}
