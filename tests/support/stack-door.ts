import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { openEmbeddedStack } from '../../src/embedded/embedded-stack.ts';
import { readOwner } from '../../src/embedded/stack-file.ts';
import { endLeftovers } from '../../src/kit/leftovers.ts';
import { bundleWorkflowsApart } from '../../workers/workflow-bundle.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Answers with the endpoints of the run's stack, starting it for the first who asks; under `/workflows` with their bundle. */
    readonly stackDoor: string;
  }
}

const PREFIX = 'homesec-test-stack-';
/** Root's Postgres runs under its own account: a private TMPDIR would shut it out. */
const folder = process.getuid?.() === 0 ? '/tmp' : tmpdir();

/** vitest's global set-up: one relaxed stack per run, started when the first test file asks and ended with the run. */
export default async function openStackDoor(project: TestProject): Promise<() => Promise<void>> {
  let opening: ReturnType<typeof openRunStack> | undefined;
  let bundling: ReturnType<typeof bundleWorkflowsApart> | undefined;
  project.onTestsRerun(() => {
    bundling = undefined;
  });
  const answerOf = async (url: string | undefined): Promise<object> => {
    if (url === '/workflows') return (bundling ??= bundleWorkflowsApart());
    opening ??= openRunStack();
    return (await opening).endpoints;
  };
  const door = createServer(({ url }, response) => {
    answerOf(url).then(
      (answer) => response.end(JSON.stringify(answer)),
      (cause: unknown) => response.writeHead(500).end(String(cause)),
    );
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  const address = door.address();
  if (address === null || typeof address === 'string') throw new Error('the door of the test stack has no port');
  project.provide('stackDoor', `http://127.0.0.1:${address.port}`);
  return async () => {
    door.closeAllConnections();
    door.close();
    const stack = await opening?.catch(() => undefined);
    await stack?.close();
    if (stack !== undefined) rmSync(stack.dataDir, { recursive: true, force: true });
  };
}

async function openRunStack() {
  // `make stack E2E=1` has the tests run on the servers of docker-compose.yml.
  if (process.env['HOMESEC_TEST_STACK'] === 'compose') return (await import('../stack/compose-servers.ts')).openComposeServers();
  await sweep();
  const dataDir = mkdtempSync(join(folder, PREFIX));
  chmodSync(dataDir, 0o711);
  try {
    const stack = await openEmbeddedStack({ dataDir, relaxed: true, systemDir: join(dataDir, 'system') });
    return { dataDir, endpoints: stack.endpoints, close: () => stack.close() };
  } catch (cause) {
    rmSync(dataDir, { recursive: true, force: true });
    throw cause;
  }
}

/** What runs that were killed left behind. */
async function sweep(): Promise<void> {
  const dataDirs = readdirSync(folder)
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => join(folder, name));
  for (const dataDir of dataDirs) {
    // Without its record it may be one that another run creates at this moment.
    if (!existsSync(join(dataDir, 'embedded.json')) || readOwner(dataDir) !== undefined) continue;
    await endLeftovers(dataDir);
    rmSync(dataDir, { recursive: true, force: true });
  }
}
