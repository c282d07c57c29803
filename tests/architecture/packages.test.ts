import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { REPOSITORY } from '../support/run-tool.ts';

const require = createRequire(import.meta.url);
const manifestSchema = z.object({
  dependencies: z.record(z.string(), z.string()),
  devDependencies: z.record(z.string(), z.string()).default({}),
});

const manifestOf = (folder: string) => manifestSchema.parse(require(join(folder, 'package.json')));
const folderOf = (name: string): string => join(REPOSITORY, 'node_modules', name);

test('Temporal and we share one copy of protobufjs, without which recorded histories cannot be replayed', () => {
  // Given every package of Temporal that we use and that needs protobufjs
  const ours = Object.keys(manifestOf(REPOSITORY).dependencies).filter((name) => name.startsWith('@temporalio/'));
  const all = new Set([...ours, '@temporalio/proto', '@temporalio/core-bridge']);
  const users = [...all].filter((name) => 'protobufjs' in manifestOf(folderOf(name)).dependencies);
  // When
  const resolved = users.map((name) => createRequire(join(folderOf(name), 'package.json')).resolve('protobufjs'));
  // Then
  expect(users.length).toBeGreaterThan(1);
  expect(new Set(resolved)).toEqual(new Set([require.resolve('protobufjs')]));
});

test('all versions of packages are exact', () => {
  // Given
  const { dependencies, devDependencies } = manifestOf(REPOSITORY);
  // When
  const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(([, version]) => !/^\d+\.\d+\.\d+/.test(version));
  // Then
  expect(loose).toEqual([]);
});
