import { randomInt } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Readiness } from '../../src/health/health-server.ts';
import { openHousehold } from '../support/household.ts';
import { waitUntil } from '../support/wait-until.ts';

const LIMIT_MS = 180_000;
/** Below what the system hands out by itself, as ports for four processes in a row have to be free. */
const BASE_PORT = randomInt(20_000, 28_000);
const WORKERS = [
  ['host', BASE_PORT + 1],
  ['pipeline', BASE_PORT + 2],
] as const;

it('plugins that cannot be loaded hold up nothing but themselves, and take their part once they can', {
  timeout: 400_000,
}, async () => {
  // Given a household of which everything but one channel lacks its package
  const lacking = { backend: 'gated', config: { gates_dir: 'later' } };
  const notifiers = [
    { name: 'spare', ...lacking },
    { name: 'phone', backend: 'gated', config: { gates_dir: 'gates' } },
  ];
  const storage = { backend: 'gated', config: { gates_dir: 'later', root: './storage' } };
  await using house = await openHousehold({
    config: {
      ...{ storage, filter: lacking, vlm: lacking, notifiers, alert: { deadline_s: 5 }, retry: { max_attempts: 100 } },
      health: { listen: `127.0.0.1:${BASE_PORT}` },
    },
  });
  const later = join(house.dir, 'later');
  await mkdir(later);
  await writeFile(join(later, 'not-installed'), '');
  house.start();
  // When
  await house.dropClip('visit.mp4');
  // Then it is told of by the deadline, and pending
  await waitUntil('an alert', async () => (await house.alerts()).length > 0, LIMIT_MS);
  expect(await house.openClips()).toBe(1);
  // Then the workers are ready, and say what they lack
  for (const [name, port] of WORKERS) {
    const response = await fetch(`http://127.0.0.1:${port}/health/ready`);
    const { status, findings } = (await response.json()) as Readiness;
    expect([name, response.status, status]).toEqual([name, 200, 'attention']);
    expect(findings).toContainEqual(expect.objectContaining({ what: 'storage', state: 'attention' }));
  }
  // When all is installed
  await rm(join(later, 'not-installed'));
  // Then
  await waitUntil('the clip is done', async () => (await house.rows())[0]?.status === 'done', LIMIT_MS);
  expect(await readFile(join(later, 'alerts.jsonl'), 'utf8')).toContain((await house.rows())[0]?.clip_id);
});
