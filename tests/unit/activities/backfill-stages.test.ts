import { tmpdir } from 'node:os';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createBackfillGpuActivities, createBackfillVlmActivities } from '../../../activities/backfill-stages.ts';
import { clipOf, foldClip } from '../../../src/domain/clip-state.ts';
import { err, ok } from '../../../src/domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../../src/domain/stage-error.ts';
import { createRightOfWay, type RightOfWay } from '../../../src/kit/right-of-way.ts';
import { createVariants } from '../../../src/plugins/variants.ts';
import { ScriptedFilter } from '../../fakes/scripted-filter.ts';
import { createStory } from '../../support/clip-story.ts';

const state = foldClip([createStory().recorded()]);
if (state === undefined) throw new Error('a recorded clip has a state');
const clip = clipOf(state);

/** The stages of a backfill over a clip whose bytes are gone; `begun` names those that did not only wait. */
function createStages(rightOfWay: RightOfWay, begun: string[]) {
  const idle = { ping: async () => ok(undefined), close: async () => undefined };
  const gone = async () => err(pluginFailure('CLIP_MISSING', 'gone'));
  const storage = { put: gone, verify: gone, get: gone, delete: gone, ...idle };
  const variants = <Plugin>(stage: string, plugin: Plugin) =>
    createVariants<Plugin, PluginFailure>({}, async () => {
      begun.push(stage);
      return ok(plugin);
    });
  const deps = { storage, copiesDir: tmpdir(), rightOfWay };
  const analyzer = { analyze: async () => err(pluginFailure('UNEXPECTED', 'not reached')), ...idle };
  return {
    ...createBackfillGpuActivities({ ...deps, filters: variants('filter', new ScriptedFilter()), filterBackend: 'scripted' }),
    ...createBackfillVlmActivities({ ...deps, analyzers: variants('vlm', analyzer), analyzerBackend: 'scripted' }),
  };
}

it.each(['detectAgain', 'describeAgain'] as const)(
  '%s begins nothing before there is a place, and says that it lives',
  async (stage) => {
    // Given a place that a new clip has
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const rightOfWay = createRightOfWay(1);
    const endOfNewClip = rightOfWay.begin();
    const begun: string[] = [];
    const environment = new MockActivityEnvironment();
    let beats = 0;
    environment.on('heartbeat', () => (beats += 1));
    // When
    const working = environment.run(createStages(rightOfWay, begun)[stage], { clip, override: {} });
    await vi.advanceTimersByTimeAsync(60_000);
    const [begunBefore, beatsBefore] = [[...begun], beats];
    endOfNewClip();
    // Then
    expect(await working).toMatchObject({ ok: false, error: { code: 'CLIP_MISSING' } });
    expect(begunBefore).toEqual([]);
    expect(beatsBefore).toBeGreaterThan(2);
    expect(begun).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  },
);

it.each(['detectAgain', 'describeAgain'] as const)('%s gives back what waits when the worker stops', async (stage) => {
  // Given a place that a new clip has
  const stopping = new AbortController();
  const rightOfWay = createRightOfWay(1, stopping.signal);
  rightOfWay.begin();
  const begun: string[] = [];
  const waiting = new MockActivityEnvironment().run(createStages(rightOfWay, begun)[stage], { clip, override: {} });
  // When
  stopping.abort();
  // Then it is to be tried again elsewhere, and no alarm
  await expect(waiting).rejects.toMatchObject({ type: 'WorkerShutdown', nonRetryable: false, category: 'BENIGN' });
  expect(begun).toEqual([]);
});

it('an old clip that is called off while it waits leaves its place in the line', async () => {
  // Given one that waits, and one behind it
  const rightOfWay = createRightOfWay(1);
  const endOfNewClip = rightOfWay.begin();
  const environment = new MockActivityEnvironment();
  const waiting = environment.run(createStages(rightOfWay, []).detectAgain, { clip, override: {} });
  const behind = rightOfWay.lineUp();
  // When
  environment.cancel('CANCELLED');
  await expect(waiting).rejects.toThrow('CANCELLED');
  endOfNewClip();
  // Then
  await behind.giveWay(new AbortController().signal);
});
