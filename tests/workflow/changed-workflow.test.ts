import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FilterResult } from '../../src/domain/detection.ts';
import { ok } from '../../src/domain/result.ts';
import { bundleChangedWorkflows } from '../support/changed-workflows.ts';
import { type ClipWorld, failing, handleOf, held, openClipWorld, PROWLER, SAW_PERSON } from '../support/clip-world.ts';

let world: ClipWorld;
beforeAll(async () => {
  world = await openClipWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

/** A new step of every clip, before anything else. */
const change = (step: string) =>
  bundleChangedWorkflows('process-clip.ts', {
    'import type { ActivityProxies }': "import * as wf from '@temporalio/workflow';\nimport type { ActivityProxies }",
    'await processAll(run, alerting);': `${step} await processAll(run, alerting);`,
  });

it('fifty clips that are under way when the workflow changes are finished by the new code, and new clips go its way', {
  timeout: 180_000,
}, async () => {
  // Given 25 clips that wait for the detector and 25 that wait for a person
  const slow = held<FilterResult>();
  world.scripts.analyze = [failing('VLM_REJECTED')];
  const parked = await Promise.all(Array.from({ length: 25 }, () => world.newClip()));
  await Promise.all(parked.map((clip) => world.start(clip)));
  await Promise.all(parked.map((clip) => world.seen(clip, 'clip_parked')));
  world.scripts.filter = [slow.answer];
  const looking = await Promise.all(Array.from({ length: 25 }, () => world.newClip()));
  await Promise.all(looking.map((clip) => world.start(clip)));
  await Promise.all(looking.map((clip) => world.seen(clip, 'upload_completed')));
  // When a version comes that waits for a moment before it begins, guarded
  await world.pipeline.stop();
  await world.pipeline.start(await change("if (wf.patched('wait-a-moment')) await wf.sleep(1);"));
  world.scripts.analyze = [ok(PROWLER)];
  slow.give(ok(SAW_PERSON));
  await Promise.all(parked.map((clip) => handleOf(world, clip).executeUpdate('retryStage', { args: [{ stage: 'vlm' }] })));
  await Promise.all([...parked, ...looking].map((clip) => handleOf(world, clip).result()));
  const fresh = await world.newClip();
  await world.start(fresh);
  await handleOf(world, fresh).result();
  // Then
  const timers = async (clip: typeof fresh) =>
    (await handleOf(world, clip).fetchHistory()).events?.filter(
      (event) => event.timerStartedEventAttributes?.startToFireTimeout?.nanos === 1_000_000,
    );
  expect(await timers(fresh)).toHaveLength(1);
  for (const clip of [...parked, ...looking]) expect(await timers(clip)).toHaveLength(0);
  // And the same change without its guard would have been found out
  const history = await handleOf(world, looking[0] ?? fresh).fetchHistory();
  const unguarded = Worker.runReplayHistory({ workflowBundle: await change('await wf.sleep(1);') }, history);
  await expect(unguarded).rejects.toBeInstanceOf(DeterminismViolationError);
});
