import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { err, ok } from '../../src/domain/result.ts';
import { type ClipWorld, failing, handleOf, openClipWorld, PROWLER, SAW_NOTHING, SAW_PERSON, STORED } from '../support/clip-world.ts';

let world: ClipWorld;
beforeAll(async () => {
  world = await openClipWorld({ address: '127.0.0.1:7555', namespace: 'homesec' });
});
afterAll(() => world[Symbol.asyncDispose]());

describe('a clip', () => {
  it('is uploaded, seen, described, judged, announced, recorded and released', async () => {
    const clip = await world.newClip();
    await world.start(clip);
    const r = await handleOf(world, clip).result();
    console.log(r, world.eventTypes(clip), world.alerts, world.released);
    const t=[]; for (let i=0;i<20;i++){ const c = await world.newClip(); const s=performance.now(); await world.start(c); await handleOf(world,c).result(); t.push(Math.round(performance.now()-s)); }
    console.log(t.join(' '));
  });
});
