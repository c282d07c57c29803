import { BUILTIN_PLUGINS } from '../src/plugins/builtin.ts';
import { configJsonSchema } from './config-json-schema.ts';
import { configReference } from './config-reference.ts';
import { errorReference } from './error-reference.ts';
import { eventReference } from './event-reference.ts';

export interface GeneratedFile {
  /** Below the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** Every file that is made from sources and committed. */
export const generatedFiles = (): readonly GeneratedFile[] => [
  { path: 'config/homesec.schema.json', text: `${JSON.stringify(configJsonSchema(BUILTIN_PLUGINS), undefined, 2)}\n` },
  { path: 'docs/ref/config.md', text: configReference(BUILTIN_PLUGINS) },
  { path: 'docs/ref/errors.md', text: errorReference() },
  { path: 'docs/ref/events.md', text: eventReference() },
];
