// A process of its own that says which packages a plugin brings in: argv holds kind, backend and config as JSON. Answers with two
// lists as JSON: the packages of all plugins before one is created, and those that came with it.
import type { PluginKind } from '../../src/plugins/spec/plugin.ts';
import { loadedPackages } from './loaded-packages.ts';

const [kind = '', backend = '', config = '{}'] = process.argv.slice(2);
const { createBuiltinRegistry } = await import('../../src/plugins/builtin.ts');
const { createTestContext } = await import('./plugin-context.ts');
const plugin = createBuiltinRegistry().find(kind as PluginKind, backend);
if (!plugin.ok) throw new Error(plugin.error.code);
const before = new Set(loadedPackages);
await plugin.value.create(plugin.value.configSchema.parse(JSON.parse(config)), createTestContext());
console.log(JSON.stringify({ before: [...before], own: [...loadedPackages].filter((name) => !before.has(name)) }));
