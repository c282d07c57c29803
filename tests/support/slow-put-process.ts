// A process of its own that stores a clip in a local storage, slowly. argv: root, state folder, clip as JSON, key.
// Says `copying` when the first bytes are written, then goes on at a snail's pace until it is killed.
import { localStorage } from '../../src/plugins/storage/local/index.ts';
import { createTestContext } from './plugin-context.ts';

const [, , root, stateDir = '', file = '', key = ''] = process.argv;
const storage = localStorage.create(localStorage.configSchema.parse({ root }), createTestContext({ stateDir }));
let hasSpoken = false;
const onProgress = () => {
  if (!hasSpoken) console.log('copying');
  hasSpoken = true;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
};
await storage.put(JSON.parse(file), key, { signal: new AbortController().signal, onProgress });
console.log('done');
