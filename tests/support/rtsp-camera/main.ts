/**
 * A test camera to look at by hand: `node tests/support/rtsp-camera/main.ts VIDEO ['{"audio":"aac"}']`, with options of
 * `openTestCamera` as JSON. Each line that is typed is a call, such as `freeze true` or `reboot 3000`, and answered by a line
 * of JSON. Ctrl-C ends it, as does the end of its input.
 */
import { createInterface } from 'node:readline';
import { openTestCamera } from '../rtsp-camera.ts';

const [video, options = '{}'] = process.argv.slice(2);
if (video === undefined) throw new Error('usage: main.ts VIDEO [OPTIONS]');
await using camera = await openTestCamera({ video, ...JSON.parse(options) });
console.log(`${camera.mainUrl}\n${camera.subUrl}`);
for await (const line of createInterface({ input: process.stdin })) {
  const [name = '', ...words] = line.trim().split(' ');
  const call = Reflect.get(camera, name);
  const values = words.map((word) => (/^(true|false|[\d.]+)$/.test(word) ? JSON.parse(word) : word));
  const answer: unknown = typeof call === 'function' ? call(...values) : 'no such call';
  console.log(JSON.stringify(answer ?? 'done'));
}
