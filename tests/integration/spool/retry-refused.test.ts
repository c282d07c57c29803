import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ok } from '../../../src/domain/result.ts';
import { createLogger } from '../../../src/kit/logger.ts';
import { acknowledgeClip, type ClipCommandDeps, retryClip } from '../../../src/runtime/clip-commands.ts';
import { readmitClip } from '../../../src/runtime/household-spool.ts';
import { createTemporalClient } from '../../../src/temporal/client.ts';
import { PLAN } from '../../support/clip-world.ts';
import { openSpoolHouse, type SpoolHouse } from '../../support/spool-house.ts';
import { stack } from '../../support/stack.ts';
import { valueOf } from '../../support/value-of.ts';

let house: SpoolHouse;
let deps: ClipCommandDeps;
beforeEach(async () => {
  house = await openSpoolHouse();
  const client = createTemporalClient({ address: stack.temporalAddress, namespace: await stack.createNamespace() });
  const folders = { data: house.dir, spool: house.spoolDir, models: house.dir, temp: house.dir, state: house.dir };
  const app = { folders, logger: createLogger({ level: 'error' }) };
  // Postgres has never heard of a clip that was refused at its start.
  const repository = { get: async () => ok(undefined), append: async () => ok(undefined) };
  deps = { client, repository, plan: PLAN, readmit: (clipId) => readmitClip(app, clipId) };
});
afterEach(async () => {
  await deps.client.connection.close();
  await house[Symbol.asyncDispose]();
});

describe('a clip that was refused at its start', () => {
  it('is handed over again when a person has it retried', async () => {
    // Given
    const recorder = await house.open('recorder');
    const handover = await house.open('handover');
    const { clipId } = valueOf(await recorder.sink().seal(await house.recording()));
    await handover.refuse(clipId, { code: 'refused', message: 'too large' });
    // When
    const outcome = await retryClip(deps, clipId);
    // Then
    expect(outcome).toEqual(ok({ how: 'readmitted' }));
    expect(await handover.openIds()).toEqual([clipId]);
    expect((await handover.backlog()).refused).toEqual([]);
  });

  it('is unknown when no spool of this machine has it', async () => {
    // Given
    const recorder = await house.open('recorder');
    const { clipId } = valueOf(await recorder.sink().seal(await house.recording()));
    // When
    const outcomes = [await retryClip(deps, clipId), await acknowledgeClip(deps, clipId, 'owner')];
    // Then
    for (const outcome of outcomes) expect(outcome).toMatchObject({ ok: false, error: { code: 'unknown_clip' } });
  });
});
