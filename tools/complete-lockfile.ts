import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

// Run as a program after `npm install`: `node tools/complete-lockfile.ts`.
// A registry mirror that does not carry the binaries of other platforms makes npm leave them out of the lockfile, and `npm ci` of
// npm 11 then refuses the file on every machine. Their versions are exact in the packages that ask for them; what they run on is in their names.

const LOCKFILE = 'package-lock.json';
// Records, since those keep npm's order of keys.
const objectSchema = z.record(z.string(), z.unknown());
const dependenciesSchema = z.record(z.string(), z.string()).catch({});
const NAME = /(android|darwin|freebsd|linux|openharmony|win32)-(arm64|arm|x64|ia32|ppc64|riscv64|s390x)(?:-(gnu|musl)?.*)?$/;

const lockfile = objectSchema.parse(JSON.parse(readFileSync(LOCKFILE, 'utf8')));
const known = z.record(z.string(), objectSchema).parse(lockfile['packages']);
const added: Record<string, Readonly<Record<string, unknown>>> = {};
for (const asking of Object.values(known)) {
  for (const [name, version] of Object.entries(dependenciesSchema.parse(asking['optionalDependencies']))) {
    const path = `node_modules/${name}`;
    const [, os, cpu, libc] = NAME.exec(name) ?? [];
    if (path in known || os === undefined || !/^\d/.test(version)) continue;
    added[path] = {
      version,
      cpu: [cpu],
      ...(asking['dev'] === true ? { dev: true } : {}),
      ...(libc === undefined ? {} : { libc: [libc === 'gnu' ? 'glibc' : libc] }),
      optional: true,
      os: [os],
    };
  }
}
const packages = Object.fromEntries(
  Object.entries({ ...known, ...added }).toSorted(([left], [right]) => left.localeCompare(right, 'en')),
);
if (Object.keys(added).length > 0) writeFileSync(LOCKFILE, `${JSON.stringify({ ...lockfile, packages }, undefined, 2)}\n`);
process.stdout.write(`${Object.keys(added).length} platform packages added to ${LOCKFILE}\n`);
