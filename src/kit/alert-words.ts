import { type CameraAlert, isCameraAlert } from '../domain/alert.ts';
import type { Instant } from '../domain/instant.ts';
import type { RiskLevel } from '../domain/risk.ts';
import type { OutgoingAlert, OutgoingClipAlert } from '../plugins/spec/notifier.ts';
import { cleanText } from './clean-text.ts';

/** An alert as people read it. Plain text throughout; what a model or a camera wrote is cut and cleaned. */
export interface AlertWords {
  /** On one line: `Front Door: suspicious behavior (high risk)`, `Front Door is offline`. */
  readonly title: string;
  readonly time: string;
  /** What was seen, or why a camera is away. May have several lines. */
  readonly summary?: string;
  readonly riskLevel?: RiskLevel;
  /** What else to know of it, a sentence each. */
  readonly notes: readonly string[];
  /** Opens the clip. Only http and https. */
  readonly link?: string;
}

/** Summaries are a few sentences; more is a model that lost its way. */
const MAX_SUMMARY_CHARS = 2000;
const MAX_NAME_CHARS = 100;

/** @param timeZone an IANA name; left out: the system's. */
export function wordsOf(alert: OutgoingAlert, timeZone?: string): AlertWords {
  return isCameraAlert(alert) ? cameraWords(alert, timeZone) : clipWords(alert, timeZone);
}

function clipWords(alert: OutgoingClipAlert, timeZone?: string): AlertWords {
  const { riskLevel, summary, viewUrl } = alert;
  const risk = riskLevel === undefined ? '' : ` (${riskLevel} risk)`;
  const link = webLink(viewUrl);
  return {
    title: `${onOneLine(alert.cameraName)}: ${whatWasSeen(alert)}${risk}`,
    time: localTime(alert.recordedStartAt, timeZone),
    ...(summary === undefined ? {} : { summary: cleanText(summary, MAX_SUMMARY_CHARS) }),
    ...(riskLevel === undefined ? {} : { riskLevel }),
    notes: notesOf(alert),
    ...(link === undefined ? {} : { link }),
  };
}

function cameraWords({ kind, cameraName, since, reason, offlineSince }: CameraAlert, timeZone?: string): AlertWords {
  const name = onOneLine(cameraName);
  if (kind === 'camera_offline') {
    const why = reason === undefined ? {} : { summary: onOneLine(reason, MAX_SUMMARY_CHARS) };
    return { title: `${name} is offline`, time: localTime(since, timeZone), ...why, notes: [] };
  }
  const gap = offlineSince === undefined ? {} : { summary: `It had been away since ${localTime(offlineSince, timeZone)}.` };
  return { title: `${name} is online again`, time: localTime(since, timeZone), ...gap, notes: [] };
}

function whatWasSeen({ activityType, detectedClasses }: OutgoingClipAlert): string {
  if (activityType !== undefined && activityType !== 'unknown') return onOneLine(activityType.replaceAll('_', ' '));
  return detectedClasses.length > 0 ? onOneLine(detectedClasses.join(', ')) : 'motion';
}

function notesOf({ clipCount, unverified, vlmFailed, uploadFailed, delayed }: OutgoingClipAlert): string[] {
  return [
    ...(clipCount === undefined ? [] : [`One visit, ${clipCount} clips.`]),
    ...(unverified ? ['Unverified: no detector has confirmed it.'] : []),
    ...(vlmFailed ? ['No description: the model failed.'] : []),
    ...(uploadFailed ? ['The clip could not be uploaded.'] : []),
    ...(delayed ? ['Delayed: the clip waited for HomeSec to work again.'] : []),
  ];
}

/** `Mon, 23 Nov 2026, 03:27:00 CET`. */
export function localTime(at: Instant, timeZone?: string): string {
  const options: Intl.DateTimeFormatOptions = {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
    ...(timeZone === undefined ? {} : { timeZone }),
  };
  return new Intl.DateTimeFormat('en-GB', options).format(new Date(at));
}

/** A text as one line that no header, title or terminal misreads: no line ends, and none of the signs that turn text around. */
export const onOneLine = (text: string, maxChars = MAX_NAME_CHARS): string =>
  cleanText(text.slice(0, 4 * maxChars).replaceAll(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' '), maxChars);

/** The address as URLs are written, or nothing: `javascript:` and its like are no links. */
function webLink(url: string | undefined): string | undefined {
  const parsed = url === undefined ? null : URL.parse(url);
  return parsed !== null && /^https?:$/.test(parsed.protocol) ? parsed.href : undefined;
}
