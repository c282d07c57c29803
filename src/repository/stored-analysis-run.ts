import { z } from 'zod';
import type { AnalysisRun, ClipFindings } from '../domain/backfill.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { fromSnakeCase } from '../domain/snake-case.ts';
import { analysisResultSchema, clipIdSchema, filterResultSchema, stageErrorCodeSchema } from './stored-parts.ts';

const findingsSchema = z.object({
  filterResult: filterResultSchema.exactOptional(),
  analysisResult: analysisResultSchema.exactOptional(),
  vlmSkipReason: z.string().exactOptional(),
  decision: z.object({ notify: z.boolean(), notifyReason: z.string() }).exactOptional(),
}) satisfies z.ZodType<ClipFindings>;

const analysisRunSchema: z.ZodType<AnalysisRun> = z.object({
  batch: z.string(),
  clipId: clipIdSchema,
  outcome: z.enum(['done', 'skipped', 'failed']),
  before: findingsSchema,
  after: findingsSchema,
  configHashes: z.object({
    filter: z.string().exactOptional(),
    vlm: z.string().exactOptional(),
    policy: z.string().exactOptional(),
  }),
  error: z.object({ stage: z.string(), code: stageErrorCodeSchema, message: z.string() }).exactOptional(),
  told: z.boolean(),
});

/** @returns what is wrong with `analysis_runs.data`, in words, when this version cannot read it. */
export function parseAnalysisRun(data: unknown): Result<AnalysisRun, string> {
  const parsed = analysisRunSchema.safeParse(fromSnakeCase(data));
  return parsed.success ? ok(parsed.data) : err(z.prettifyError(parsed.error));
}
