import { once } from 'node:events';
import { join } from 'node:path';
import { NativeStack } from './stack/native-stack.ts';
import { CHECKOUT } from './stack/service-words.ts';
import { openStackSecrets } from './stack/stack-secrets.ts';

// `make stack`: docker-compose.yml without containers, until Ctrl-C.

const startedAtMs = Date.now();
const dir = join(CHECKOUT, '.cache', 'stack');
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopped.abort());

const secrets = await openStackSecrets(dir);
await using stack = await NativeStack.open({
  dir,
  secrets,
  onProgress: (service, message) => say(`${service}: ${message}`),
});
const rows = stack.services.map(({ name, image, state, addresses }) => [name, image, String(state), addresses.join(' ')]);
const all = [['SERVICE', 'IMAGE IT STANDS FOR', 'PID', 'ADDRESS'], ...rows];
const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
say('');
for (const row of all)
  say(
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
say('');
if (stack.services.some(({ state }) => state === 'stands in'))
  say("Go is missing: Temporal's dev server stands in for its server, schema and UI");
say(`ready after ${((Date.now() - startedAtMs) / 1000).toFixed(1)} s; volumes and logs in ${dir}; Ctrl-C ends it`);
if (!stopped.signal.aborted) await once(stopped.signal, 'abort');
say('ending');
