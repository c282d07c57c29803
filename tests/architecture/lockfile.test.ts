import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const entrySchema = z.object({
  version: z.string().optional(),
  hasInstallScript: z.boolean().optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
});
const lockfile = z
  .object({ packages: z.record(z.string(), entrySchema) })
  .parse(JSON.parse(readFileSync('package-lock.json', 'utf8')));
const { allowScripts } = z
  .object({ allowScripts: z.record(z.string(), z.boolean()) })
  .parse(JSON.parse(readFileSync('package.json', 'utf8')));
const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

describe('package-lock.json', () => {
  it('has the packages of all platforms, without which npm 11 refuses it', () => {
    // Given
    const names = new Set(Object.keys(lockfile.packages).map(nameOf));
    // When
    const asked = Object.values(lockfile.packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
    const missing = asked.filter((name) => !names.has(name));
    // Then: `node tools/complete-lockfile.ts` adds them
    expect(missing).toEqual([]);
  });

  it('asks for no install script that package.json does not judge', () => {
    // Given
    const withScript = Object.entries(lockfile.packages).filter(([, entry]) => entry.hasInstallScript === true);
    // When
    const unjudged = withScript.map(([path]) => nameOf(path)).filter((name) => !(name in allowScripts));
    // Then
    expect(unjudged).toEqual([]);
  });

  it('holds one protobufjs for all of Temporal, so that recorded histories can be replayed', () => {
    // Given
    const paths = Object.keys(lockfile.packages).filter((path) => nameOf(path) === 'protobufjs');
    // When
    const nested = paths.filter((path) => path.includes('@temporalio/'));
    // Then
    expect(paths).toContain('node_modules/protobufjs');
    expect(nested).toEqual([]);
  });
});
