import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { REPOSITORY, runTool } from '../support/run-tool.ts';

const CONFIG = join(REPOSITORY, '.dependency-cruiser.cjs');
const SINS = join(REPOSITORY, 'tests', 'fixtures', 'walls');

const reportSchema = z.object({
  modules: z.array(z.object({ source: z.string(), dependencies: z.array(z.object({ resolved: z.string() })) })),
  summary: z.object({
    violations: z.array(z.object({ from: z.string(), to: z.string(), rule: z.object({ name: z.string() }) })),
  }),
});

async function cruise(folders: readonly string[], cwd: string) {
  const args = ['--config', CONFIG, '--output-type', 'json', ...folders];
  const { stdout } = await runTool(join('dependency-cruiser', 'bin', 'dependency-cruiser.mjs'), args, cwd);
  return reportSchema.parse(JSON.parse(stdout));
}

/** Each planted sin, and the rule that has to catch it. */
const PLANTED: readonly (readonly [rule: string, file: string])[] = [
  ['domain-imports-nothing', 'src/domain/reads-disk.ts'],
  ['domain-imports-nothing', 'src/domain/knows-zod-by-type.ts'],
  ['workflows-reach-only-the-domain', 'workflows/leaks-by-two-hops.ts'],
  ['no-zod-in-workflows', 'workflows/parses.ts'],
  ['plugin-spec-knows-only-the-domain', 'src/plugins/spec/has-behaviour.ts'],
  ['plugin-sees-itself-only', 'src/plugins/storage/cloud/borrows-from-disk.ts'],
  ['plugin-sees-itself-only', 'src/plugins/storage/cloud/reads-config.ts'],
  ['plugin-without-temporal-or-database', 'src/plugins/storage/cloud/queries-by-two-hops.ts'],
  ['only-builtin-names-plugins', 'src/runtime/takes-plugin.ts'],
  ['builtin-only-at-the-root', 'src/config/knows-all-plugins.ts'],
  ['repository-spool-temporal-apart', 'src/spool/asks-repository.ts'],
  ['src-imports-no-top-level-folder', 'src/runtime/starts-worker.ts'],
  ['command-line-starts-workers-only', 'src/cli/works-itself.ts'],
  ['nobody-imports-tests', 'src/runtime/borrows-from-tests.ts'],
  ['media-and-inference-stand-alone', 'src/media/asks-repository.ts'],
  ['motion-is-pure', 'src/motion/reads-disk.ts'],
  ['intake-stands-alone', 'src/intake/asks-spool.ts'],
  ['mail-stands-alone', 'src/mail/asks-config.ts'],
  ['kit-knows-only-the-domain', 'src/kit/asks-config.ts'],
  ['recording-waits-for-nobody', 'workers/camera-host.ts'],
  ['recording-waits-for-nobody', 'src/spool/asks-repository.ts'],
  ['only-repository-imports-pg', 'src/runtime/queries.ts'],
  ['only-media-runs-ffmpeg', 'src/inference/decodes.ts'],
  ['only-inference-imports-onnxruntime', 'src/media/detects.ts'],
  ['temporal-sdk-where-it-belongs', 'src/config/starts-workflow.ts'],
  ['processes-have-owners', 'src/config/spawns.ts'],
  ['no-cycles', 'src/runtime/cycle-a.ts'],
  ['no-development-packages', 'src/runtime/uses-vitest.ts'],
  ['no-unresolved-imports', 'src/runtime/leads-nowhere.ts'],
];

/** Files that keep to every rule, beside the sinners. */
const INNOCENT = ['src/domain/clip.ts', 'src/plugins/builtin.ts', 'src/plugins/storage/disk/index.ts', 'src/temporal/client.ts'];

describe('the walls', () => {
  test('stop every planted sin', async () => {
    // Given a tree with one sin for each rule
    // When
    const { summary } = await cruise(['src', 'workflows', 'activities', 'workers', 'tests'], SINS);
    // Then
    const caught = summary.violations.map(({ rule, from }) => `${rule.name} ${from}`);
    expect(PLANTED.map(([rule, file]) => `${rule} ${file}`).filter((sin) => !caught.includes(sin))).toEqual([]);
    const blamed = summary.violations.map(({ from }) => from);
    expect(INNOCENT.filter((file) => blamed.includes(file))).toEqual([]);
  });

  test('have no rule without a planted sin and none without its reason', () => {
    // Given
    const rulesSchema = z.object({ forbidden: z.array(z.object({ name: z.string(), comment: z.string().min(20) })) });
    // When
    const { forbidden } = rulesSchema.parse(createRequire(import.meta.url)(CONFIG));
    // Then
    expect(forbidden.map(({ name }) => name).toSorted()).toEqual([...new Set(PLANTED.map(([rule]) => rule))].toSorted());
  });

  test('hold in the real tree, all of which is looked at', async () => {
    // Given the product's own sources
    // When
    const { summary, modules } = await cruise(['src', 'workflows', 'activities', 'workers', 'tools', 'tests'], REPOSITORY);
    // Then
    expect(summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`)).toEqual([]);
    const own = modules.filter(({ source }) => /^(src|workflows|activities|workers)\/.*\.ts$/.test(source));
    expect(own.length).toBeGreaterThan(150);
    // An import that exists for the compiler only is seen too.
    const story = modules.find(({ source }) => source === 'workflows/process-clip.ts');
    expect(story?.dependencies.map(({ resolved }) => resolved)).toContain('src/domain/activities.ts');
  });
});
