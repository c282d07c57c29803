import { registerHooks } from 'node:module';

/** The packages that this process has loaded since this module was. */
export const loadedPackages = new Set<string>();

registerHooks({
  load: (url, context, next) => {
    const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
    if (name !== undefined) loadedPackages.add(name);
    return next(url, context);
  },
});
