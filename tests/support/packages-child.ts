// A process of its own that says which packages a plugin brings in: argv holds kind, backend and config as JSON. Answers with two
// lists as JSON: the packages of all plugins before one is created, and those that came with it.
import { registerHooks } from 'node:module';
import type { PluginKind } from '../../src/plugins/spec/plugin.ts';

const packages = new Set<string>();
registerHooks({
  load: (url, context, next) => {
    const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
    if (name !== undefined) packages.add(name);
    return next(url, context);
  },
});

const [kind = '', backend = '', config = '{}'] = process.argv.slice(2);
const { createBuiltinRegistry } = await import('../../src/plugins/builtin.ts');
const { createTestContext } = await import('./plugin-context.ts');
const plugin = createBuiltinRegistry().find(kind as PluginKind, backend);
if (!plugin.ok) throw new Error(plugin.error.code);
const before = new Set(packages);
await plugin.value.create(plugin.value.configSchema.parse(JSON.parse(config)), createTestContext());
console.log(JSON.stringify({ before: [...before], own: [...packages].filter((name) => !before.has(name)) }));
