import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { beforeAll, describe, expect, it } from 'vitest';
import { workflowBundle } from '../support/workflow-bundle.ts';

/** Recorded by `make histories`, a folder for each version. */
const FOLDER = join(import.meta.dirname, 'histories');
const files = (await readdir(FOLDER, { recursive: true })).filter((name) => name.endsWith('.json')).toSorted();

let bundle: WorkflowBundleWithSourceMap;
beforeAll(async () => {
  bundle = await workflowBundle();
});

async function replay(name: string, change: (json: string) => string = (json) => json): Promise<void> {
  const { workflowId, history } = JSON.parse(change(await readFile(join(FOLDER, name), 'utf8')));
  await Worker.runReplayHistory({ workflowBundle: bundle }, history, workflowId);
}

describe('clips that an earlier build began', () => {
  it.each(files)('are finished by this one: %s', async (name) => {
    // Given a recorded history, When this version replays it, Then it makes the same decisions
    await expect(replay(name)).resolves.toBeUndefined();
  });

  it('would be found out if it did not', async () => {
    // Given a history in which the detector's activity has another name
    const [name] = files.filter((file) => file.endsWith('alerted.json'));
    // When
    const replaying = replay(name ?? '', (json) => json.replaceAll('"detectObjects"', '"detectThings"'));
    // Then
    await expect(replaying).rejects.toBeInstanceOf(DeterminismViolationError);
  });
});
