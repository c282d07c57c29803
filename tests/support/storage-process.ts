// A process of its own with a local storage. argv: root, state folder, steps as JSON. Does the steps in order, and prints
// what each gave as one JSON array. A step `run` is a command for the system, of which the exit status is given.
import { spawnSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import type { LocalFile } from '../../src/plugins/spec/storage.ts';
import { localStorage } from '../../src/plugins/storage/local/index.ts';
import { createTestContext } from './plugin-context.ts';

export type StorageStep =
  | { readonly do: 'put'; readonly file: LocalFile; readonly key: string }
  | { readonly do: 'verify'; readonly file: LocalFile; readonly key: string }
  | { readonly do: 'delete'; readonly key: string }
  | { readonly do: 'ping' | 'list' }
  | { readonly do: 'run'; readonly command: string; readonly args: readonly string[] };

const [, , root = '', stateDir = '', steps = '[]'] = process.argv;
const storage = localStorage.create(localStorage.configSchema.parse({ root }), createTestContext({ stateDir }));
const call = { signal: new AbortController().signal, onProgress: () => {} };

async function take(step: StorageStep): Promise<unknown> {
  switch (step.do) {
    case 'put':
      return storage.put(step.file, step.key, call);
    case 'verify':
      return storage.verify(step.key, step.file, call);
    case 'delete':
      return storage.delete(step.key);
    case 'ping':
      return storage.ping();
    case 'list':
      return (await readdir(root, { recursive: true })).sort();
    case 'run':
      return spawnSync(step.command, step.args, { stdio: ['ignore', 'ignore', 'inherit'] }).status;
  }
}

const given: readonly StorageStep[] = JSON.parse(steps);
const results: unknown[] = [];
for (const step of given) results.push(await take(step));
console.log(JSON.stringify(results));
