import type { Instant } from '../../../domain/instant.ts';
import type { RiskLevel } from '../../../domain/risk.ts';

export const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** A part of the day in which the owner does not want to be called. */
export interface QuietHours {
  /** Minutes since midnight, local time; an end at or before the start is one of the next day. */
  readonly fromMinute: number;
  readonly toMinute: number;
  /** Days on which it begins. */
  readonly days: readonly Weekday[];
  /** IANA. */
  readonly timeZone: string;
  /** From this risk on a clip alerts all the same. */
  readonly exceptRisk?: RiskLevel;
}

const DAY = 1_440;
const MINUTE_MS = 60_000;

/** @returns when the quiet hours end in which the instant lies; undefined when it lies in none. */
export function quietUntil(quiet: QuietHours, at: Instant): Instant | undefined {
  const { fromMinute, toMinute, days, timeZone } = quiet;
  const { minute, weekday } = localTime(Date.parse(at), timeZone);
  const lengthMinutes = ((toMinute - fromMinute + DAY - 1) % DAY) + 1;
  const sinceStart = (minute - fromMinute + DAY) % DAY;
  if (sinceStart >= lengthMinutes) return undefined;
  const beganYesterday = minute < fromMinute;
  const began = WEEKDAYS[(weekday + (beganYesterday ? 6 : 0)) % 7];
  if (began === undefined || !days.includes(began)) return undefined;
  return endOf(quiet, Date.parse(at), lengthMinutes - sinceStart);
}

/** The clock may be put forward or back meanwhile: it is looked at once more. */
function endOf({ toMinute, timeZone }: QuietHours, atMs: number, minutesLeft: number): Instant {
  const guessMs = Math.floor(atMs / MINUTE_MS + minutesLeft) * MINUTE_MS;
  const missing = ((toMinute - localTime(guessMs, timeZone).minute + 1.5 * DAY) % DAY) - DAY / 2;
  // The clock may leave that minute out, as 02:30 when 03:00 follows 01:59.
  return new Date(firstAfter(toMinute, guessMs + missing * MINUTE_MS, timeZone)).toISOString();
}

/** When the clock, which shows that minute or a little before, shows it or one after it. */
function firstAfter(minute: number, beforeMs: number, timeZone: string): number {
  const minutesLeftAt = (ms: number): number => (minute - localTime(ms, timeZone).minute + DAY) % DAY;
  let atMs = beforeMs;
  for (let left = minutesLeftAt(atMs); left > 0 && left < DAY / 2; left = minutesLeftAt(atMs)) atMs += MINUTE_MS;
  return atMs;
}

interface LocalTime {
  /** Since midnight. */
  readonly minute: number;
  /** 0 is Sunday. */
  readonly weekday: number;
}

function localTime(atMs: number, timeZone: string): LocalTime {
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, value]),
  );
  const minute = Number(parts.get('hour')) * 60 + Number(parts.get('minute'));
  return { minute, weekday: WEEKDAYS.findIndex((day) => day === parts.get('weekday')?.toLowerCase()) };
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Making one costs more than all else here. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  formats.set(timeZone, format);
  return format;
}
