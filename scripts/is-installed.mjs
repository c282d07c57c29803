// Ends with 0 when node_modules holds what package-lock.json asks for, by npm's own record of what it installed.
import { readFileSync } from 'node:fs';

const packagesOf = (path) => JSON.parse(readFileSync(path, 'utf8')).packages;
try {
  const wanted = packagesOf('package-lock.json');
  const installed = packagesOf('node_modules/.package-lock.json');
  const asks = JSON.parse(readFileSync('package.json', 'utf8'));
  const same = (path, entry) => installed[path]?.version === entry.version || (entry.optional === true && !(path in installed));
  const complete = Object.entries(wanted).every(([path, entry]) => path === '' || same(path, entry));
  const current = ['dependencies', 'devDependencies'].every(
    (kind) => JSON.stringify(asks[kind]) === JSON.stringify(wanted[''][kind]),
  );
  process.exitCode = complete && current && Object.keys(installed).every((path) => path in wanted) ? 0 : 1;
} catch {
  process.exitCode = 1;
}
