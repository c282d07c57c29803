import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { StoredClip } from '../../src/domain/known.ts';
import { ok } from '../../src/domain/result.ts';
import { type ClipWorld, failing, handleOf, held, openClipWorld, PROWLER, STORED } from '../support/clip-world.ts';

let world: ClipWorld;
beforeAll(async () => {
  world = await openClipWorld();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => world.reset());

/** As the Temporal UI asks for it. */
const detailsOf = async (clip: Parameters<typeof handleOf>[1]) => {
  const { currentDetails } = await handleOf(world, clip).query<{ currentDetails: string }>('__temporal_workflow_metadata');
  return currentDetails;
};

const parkedCount = async () => (await world.client.workflow.count('ClipStatus="parked" AND ExecutionStatus="Running"')).count;

describe('the page of a workflow', () => {
  it('tells each stage with its time and attempts, what went wrong, and what to do', async () => {
    // Given a clip whose upload worked the second time and whose model rejects the request
    world.scripts.upload = [failing('STORAGE_UNREACHABLE'), ok(STORED)];
    world.scripts.analyze = [failing('VLM_REJECTED'), ok(PROWLER)];
    const clip = await world.newClip();
    await world.start(clip);
    // When it waits for a person who has seen it
    await world.seen(clip, 'clip_parked');
    await handleOf(world, clip).executeUpdate('acknowledge', { args: [{ by: 'Ada' }] });
    const details = await detailsOf(clip);
    // Then
    expect(details).toMatch(/^\*\*parked\*\* · acknowledged by Ada\n/);
    expect(details).toMatch(/\| upload \| memory:clip \| \d+\sms \| 2 \|/);
    expect(details).toContain('| vlm | failed: VLM_REJECTED |  | 1 |');
    expect(details).toMatch(/\| notify phone \| sent \| \d+\sms \| 1 \|/);
    expect(details).toContain('The model server rejected the request.');
    expect(details).toContain('`retryStage` with `{"stage":"vlm"}`');
    expect(details).toMatch(/Waits until \d{4}-\d\d-\d\d \d\d:\d\d UTC/);
    await handleOf(world, clip).executeUpdate('retryStage', { args: [{ stage: 'vlm' }] });
    await handleOf(world, clip).result();
    expect(await detailsOf(clip)).toMatch(/^\*\*done\*\*/);
  });

  it('of a clip that nobody had retried in time tells how it is started again', async () => {
    // Given
    world.scripts.upload = [failing('STORAGE_DENIED')];
    const clip = await world.newClip();
    // When
    await world.start(clip, { parkForMs: 100 });
    await world.seen(clip, 'clip_failed');
    const details = await detailsOf(clip);
    // Then
    expect(details).toContain(`\`homesec clips retry ${clip.clipId}\``);
    expect(details).not.toMatch(/retryStage|Waits until/);
  });

  it('is listed as parked for as long as it waits for a person, and no longer', async () => {
    // Given
    world.scripts.upload = [failing('STORAGE_DENIED')];
    const clip = await world.newClip();
    await world.start(clip);
    await world.seen(clip, 'clip_parked');
    expect(await parkedCount()).toBe(1);
    // When a person has it retried, and storage takes its time
    const slow = held<StoredClip>();
    world.scripts.upload = [failing('STORAGE_DENIED'), slow.answer];
    await handleOf(world, clip).executeUpdate('retryStage', { args: [{ stage: 'upload' }] });
    // Then
    await expect.poll(parkedCount, { timeout: 20_000 }).toBe(0);
    slow.give(ok(STORED));
    await handleOf(world, clip).result();
  });
});
