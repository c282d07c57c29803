import { holderOptionsSchema } from './held-stack.ts';
import { openStack } from './open-stack.ts';

// Run as a program with its options as JSON: holds a stack until it is ended. What it does at a signal is the stack's own doing.
const { runAsUid, ...options } = holderOptionsSchema.parse(JSON.parse(process.argv[2] ?? ''));
if (runAsUid !== undefined) {
  process.setgid?.(runAsUid);
  process.setuid?.(runAsUid);
}
const stack = await openStack({ ...options, relaxed: true });
process.stdout.write(`${JSON.stringify(stack.endpoints)}\n`);
