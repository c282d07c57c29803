import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import packageJson from '../../package.json' with { type: 'json' };
import { REPOSITORY } from './run-tool.ts';

const FOLDER = join(REPOSITORY, 'tests/replay/histories', packageJson.version);

/** Writes a workflow's history among those that `tests/replay` replays. */
export async function saveHistory(client: Client, name: string, workflowId: string): Promise<void> {
  const history = await client.workflow.getHandle(workflowId).fetchHistory();
  // Which process on which machine recorded it is nobody's business.
  const anonymous = historyToJSON(history)
    .replaceAll(/\d+@[\w.-]+/g, 'recorder')
    .replaceAll(`${REPOSITORY}/`, '/homesec/');
  await mkdir(FOLDER, { recursive: true });
  await writeFile(join(FOLDER, `${name}.json`), `{ "workflowId": "${workflowId}", "history": ${anonymous} }\n`);
}
