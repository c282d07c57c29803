import { z } from 'zod';
import { RISK_LEVELS } from '../../../domain/risk.ts';
import { timeZone } from '../../../kit/time-zone.ts';
import { WEEKDAYS } from './quiet-hours.ts';

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

const localTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 22:30');
const quietHours = z
  .strictObject({
    from: localTime.describe('When they begin, local time: `22:30`.'),
    to: localTime.describe('When they end. At or before `from`: on the next day.'),
    days: z
      .array(z.enum(WEEKDAYS))
      .min(1)
      .default([...WEEKDAYS])
      .describe('Days on which they begin: sun, mon, tue, wed, thu, fri, sat. Left out: every day.'),
    time_zone: timeZone.describe('IANA time zone of `from` and `to`, such as Europe/Berlin.'),
    except_risk: riskLevel
      .optional()
      .describe('From this risk on a clip alerts all the same, and so does one whose risk a fault keeps unknown.'),
  })
  .nullable()
  .describe('Clips recorded then alert nobody. `null`: there are none.');
const coolDownS = z
  .number()
  .min(0)
  .max(86_400)
  .describe(
    'For so long after a clip that alerted, others of its camera in which the same classes were seen are held back, unless their risk is higher. 0: never.',
  );
const groupVisits = z
  .strictObject({
    gap_s: z.number().min(0).max(3_600).default(60).describe('Longest time between two clips of one visit.'),
  })
  .nullable()
  .describe(
    'Clips of one event, and clips of a camera that follow each other, are one alert, which is updated. `null`: each has its own.',
  );

/** Rules of one camera; what is left out is as for all cameras. */
const overrideSchema = z.strictObject({
  min_risk_level: minRiskLevel.optional(),
  notify_on_activity_types: notifyOnActivityTypes.optional(),
  notify_on_motion: notifyOnMotion.optional(),
  notify_unverified: notifyUnverified.optional(),
  quiet_hours: quietHours.optional(),
  cool_down_s: coolDownS.optional(),
  group_visits: groupVisits.optional(),
});

export const defaultPolicyConfigSchema = z.strictObject({
  min_risk_level: minRiskLevel.default('medium'),
  notify_on_activity_types: notifyOnActivityTypes.default([]),
  notify_on_motion: notifyOnMotion.default(false),
  notify_unverified: notifyUnverified.default(true),
  quiet_hours: quietHours.default(null),
  cool_down_s: coolDownS.default(0),
  group_visits: groupVisits.default(null),
  overrides: z.record(z.string(), overrideSchema).default({}).describe('Other rules for single cameras, by camera name.'),
});

export type DefaultPolicyConfig = z.output<typeof defaultPolicyConfigSchema>;
