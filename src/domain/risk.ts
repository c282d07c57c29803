/** Ordered from harmless to dangerous. */
export const RISK_LEVELS = ['low', 'medium', 'high', 'critical'] as const;
export type RiskLevel = (typeof RISK_LEVELS)[number];

/** What each level means, in the words the vision-language model and the owner are given. */
export const RISK_MEANINGS: Readonly<Record<RiskLevel, string>> = {
  low: 'ordinary life: residents, expected visitors, deliveries, passers-by, animals',
  medium: 'unusual and worth a look: someone lingering, an unknown person at a door or window',
  high: 'probably hostile: trying doors, hiding, prowling at night, taking a parcel',
  critical: 'danger now: break-in, violence, weapon, fire, a person in distress',
};

/** Negative, zero or positive as `a` is below, equal to or above `b`. */
export const compareRisk = (a: RiskLevel, b: RiskLevel): number => RISK_LEVELS.indexOf(a) - RISK_LEVELS.indexOf(b);
