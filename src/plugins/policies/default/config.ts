import { z } from 'zod';
import { RISK_LEVELS } from '../../../domain/risk.ts';

const riskLevel = z.string().trim().toLowerCase().pipe(z.enum(RISK_LEVELS));
const activityType = z.string().trim().toLowerCase().min(1);

const minRiskLevel = riskLevel.describe('A described clip alerts from this risk on: low, medium, high or critical.');
const notifyOnActivityTypes = z
  .array(activityType)
  .describe('A described clip alerts when its activity is one of these words of the analyzer, whatever its risk.');
const notifyOnMotion = z.boolean().describe('Every clip alerts: recording was motion enough.');
const notifyUnverified = z
  .boolean()
  .describe('A clip alerts when the filter failed or was not done by the deadline, so that a fault never means silence.');

/** Rules of one camera; what is left out is as for all cameras. */
const overrideSchema = z.strictObject({
  min_risk_level: minRiskLevel.optional(),
  notify_on_activity_types: notifyOnActivityTypes.optional(),
  notify_on_motion: notifyOnMotion.optional(),
  notify_unverified: notifyUnverified.optional(),
});

export const defaultPolicyConfigSchema = z.strictObject({
  min_risk_level: minRiskLevel.default('medium'),
  notify_on_activity_types: notifyOnActivityTypes.default([]),
  notify_on_motion: notifyOnMotion.default(false),
  notify_unverified: notifyUnverified.default(true),
  overrides: z.record(z.string(), overrideSchema).default({}).describe('Other rules for single cameras, by camera name.'),
});

export type DefaultPolicyConfig = z.output<typeof defaultPolicyConfigSchema>;
