import { isCameraAlert } from '../../../domain/alert.ts';
import { alertHash } from '../../../kit/alert-hash.ts';
import { alertIdentity, IDENTITY_HEADER } from '../../../kit/alert-identity.ts';
import { type AlertWords, wordsOf } from '../../../kit/alert-words.ts';
import { cleanText } from '../../../kit/clean-text.ts';
import type { OutgoingAlert } from '../../spec/notifier.ts';
import type { NtfyConfig } from './config.ts';

/** One request to publish: its headers, and what is not a header. */
export interface NtfyMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** ntfy takes 4096 bytes of text; a unit of UTF-16 makes at most three, and as a header four. */
const MAX_TEXT_CHARS = 1000;
const RISK_TAGS = { low: 'information_source', medium: 'eyes', high: 'warning', critical: 'rotating_light' } as const;

/**
 * An alert as ntfy is told it (docs.ntfy.sh/publish). The sequence id makes an update replace what the phone shows;
 * servers before 2.16 do not know it and show one message more.
 */
export function ntfyMessage(alert: OutgoingAlert, config: NtfyConfig): NtfyMessage {
  const words = wordsOf(alert, config.timezone);
  const headers = {
    'X-Title': words.title,
    'X-Priority': String(priorityOf(alert, config)),
    'X-Tags': [tagOf(alert, words), ...config.tags].join(','),
    'X-Sequence-ID': alertHash(alert),
    ...(words.link === undefined ? {} : { 'X-Click': words.link }),
  };
  return { headers: { ...mapValues(headers, headerText), [IDENTITY_HEADER]: alertIdentity(alert) }, text: textOf(words) };
}

/** The same with the words in a header, since the body is the picture. */
export const withPicture = ({ headers, text }: NtfyMessage): Readonly<Record<string, string>> => ({
  ...headers,
  'X-Message': headerText(text),
  'X-Filename': 'snapshot.jpg',
});

/** When it is too long the summary is cut: that an alert is unverified must not get lost behind it. */
function textOf({ time, summary = '', notes }: AlertWords): string {
  const rest = [...notes, time].join('\n');
  return [cleanText(summary, MAX_TEXT_CHARS - rest.length - 1), rest].filter(Boolean).join('\n');
}

function priorityOf(alert: OutgoingAlert, { priorities }: NtfyConfig): number {
  if (alert.kind === 'camera_offline') return priorities.camera;
  if (isCameraAlert(alert)) return priorities.unknown;
  return priorities[alert.riskLevel ?? 'unknown'];
}

function tagOf(alert: OutgoingAlert, { riskLevel }: AlertWords): string {
  if (isCameraAlert(alert)) return alert.kind === 'camera_offline' ? 'no_entry' : 'white_check_mark';
  return riskLevel === undefined ? 'movie_camera' : RISK_TAGS[riskLevel];
}

/** Headers are ASCII: all else goes as an encoded word, which ntfy reads (RFC 2047, 2). */
const headerText = (text: string): string =>
  /^(?!.*=\?)[ -~]*$/.test(text) ? text : `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=`;

const mapValues = (record: Readonly<Record<string, string>>, change: (value: string) => string): Record<string, string> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
