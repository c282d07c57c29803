import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { err, ok } from '../../../src/domain/result.ts';
import { createVariants, withOverride } from '../../../src/plugins/variants.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** Variants of a plugin that notes what becomes of its instances. */
function open(options: { readonly keepUnusedForMs?: number; readonly closeOne?: () => Promise<void> } = {}) {
  const [made, closed] = [[] as unknown[], [] as unknown[]];
  const variants = createVariants<object, string>(
    { model: 'a', classes: ['person'], overrides: { Yard: { hits: 1 } } },
    async (config) => {
      if (config['model'] === 'unknown') return err('there is no such model');
      made.push(config['model']);
      return ok(config);
    },
    { closeOne: async (instance) => void closed.push('model' in instance ? instance.model : undefined), ...options },
  );
  const use = (model: string) => variants.use({ model }, async ({ configHash }) => configHash);
  return { variants, made, closed, use };
}

describe('an override', () => {
  it('replaces values and lists, and reaches into mappings', () => {
    // Given
    const config = { model: 'a', classes: ['person'], overrides: { Yard: { hits: 1, fps: 2 } } };
    // When
    const merged = withOverride(config, { classes: ['car'], overrides: { Yard: { hits: 3 }, Door: { fps: 1 } } });
    // Then
    expect(merged).toEqual({ model: 'a', classes: ['car'], overrides: { Yard: { hits: 3, fps: 2 }, Door: { fps: 1 } } });
    expect(config.overrides.Yard.hits).toBe(1);
  });
});

describe('variants', () => {
  it('share an instance between calls with the same settings, however these are written', async () => {
    // Given
    const { variants, made } = open();
    // When
    const hashes = await Promise.all([
      variants.use({ model: 'b', classes: ['car'] }, async ({ configHash }) => configHash),
      variants.use({ classes: ['car'], model: 'b' }, async ({ configHash }) => configHash),
      variants.use({}, async ({ configHash }) => configHash),
    ]);
    // Then
    expect(made).toEqual(['b', 'a']);
    expect(hashes[0]).toEqual(hashes[1]);
    expect(hashes[0]).not.toEqual(hashes[2]);
  });

  it('keep two that nobody uses, and close the others', async () => {
    // Given
    const { closed, use, variants } = open();
    // When
    for (const model of ['b', 'c', 'b', 'd']) await use(model);
    // Then
    expect(closed).toEqual(['c']);
    await variants.close();
    expect(closed).toEqual(['c', 'b', 'd']);
  });

  it('close none that is in use', async () => {
    // Given
    const { closed, use, variants } = open();
    const { promise, resolve } = Promise.withResolvers<void>();
    const working = variants.use({ model: 'busy' }, () => promise);
    // When
    for (const model of ['b', 'c', 'd']) await use(model);
    // Then
    expect(closed).toEqual(['b']);
    resolve();
    await working;
    expect(closed).not.toContain('busy');
  });

  it('close one that nobody has used for a while, and make it anew when it is asked for', async () => {
    // Given
    const { made, closed, use } = open({ keepUnusedForMs: 1 });
    await use('b');
    // When
    await waitUntil('it is closed', () => closed.length === 1);
    await use('b');
    // Then
    expect(made).toEqual(['b', 'b']);
  });

  it('fail nobody whose neighbour does not close', async () => {
    // Given
    const { use, variants } = open({ closeOne: () => Promise.reject(new Error('stuck')) });
    // When
    const hashes = [];
    for (const model of ['b', 'c', 'd', 'e']) hashes.push(await use(model));
    // Then
    expect(hashes).toEqual(hashes.map(() => ok(expect.any(String))));
    await expect(variants.close()).rejects.toThrow('stuck');
  });

  it('answer with the error of settings that make no instance', async () => {
    // Given
    const { use } = open();
    // When, Then
    expect(await use('unknown')).toEqual(err('there is no such model'));
  });

  it('try anew what could not be loaded, and never twice at once', async () => {
    // Given
    let loads = 0;
    const variants = createVariants<object, string>({}, async (config) => {
      loads += 1;
      if (loads === 1) throw new Error('the disk is full');
      return loads === 2 ? err('busy') : ok(config);
    });
    const two = () => Promise.allSettled([variants.use({}, async () => 'done'), variants.use({}, async () => 'done')]);
    // When
    const outcomes = [await two(), await two(), await two()];
    // Then
    expect(outcomes.map(([first]) => first)).toMatchObject([
      { status: 'rejected', reason: new Error('the disk is full') },
      { value: err('busy') },
      { value: ok('done') },
    ]);
    expect(outcomes.every(([first, second]) => isDeepStrictEqual(first, second))).toBe(true);
    expect(loads).toBe(3);
  });
});
