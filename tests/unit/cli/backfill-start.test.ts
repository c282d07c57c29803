import { describe, expect, it } from 'vitest';
import { refuseWithoutEffect } from '../../../src/cli/backfill-start.ts';

const FREE = { promptPrice: 0, completionPrice: 0 };
const PAID = { promptPrice: 2, completionPrice: 8 };

describe('backfill start', () => {
  it.each([
    { options: { ...FREE, maxCost: 5 }, overrides: { vlm: {} }, why: '--max-cost needs' },
    { options: { ...PAID, maxCost: 5 }, overrides: { filter: {} }, why: 'go with --vlm' },
    { options: { ...FREE, maxTokens: 5 }, overrides: {}, why: 'go with --vlm' },
    { options: { ...FREE, runMode: 'always' as const }, overrides: {}, why: 'goes with --vlm or --filter' },
  ])('refuses options that would change nothing: $why', ({ options, overrides, why }) => {
    // Given, When, Then
    expect(() => refuseWithoutEffect(options, overrides)).toThrow(why);
  });

  it.each([
    { options: { ...PAID, maxCost: 5, maxTokens: 5 }, overrides: { vlm: {} } },
    { options: { ...FREE, runMode: 'never' as const }, overrides: { filter: {} } },
    { options: FREE, overrides: {} },
  ])('takes those that do: %j', ({ options, overrides }) => {
    // Given, When, Then
    expect(() => refuseWithoutEffect(options, overrides)).not.toThrow();
  });
});
