import { isCameraAlert } from '../domain/alert.ts';
import { alertIdentity, IDENTITY_HEADER } from '../kit/alert-identity.ts';
import { onOneLine, wordsOf } from '../kit/alert-words.ts';
import type { OutgoingAlert } from '../plugins/spec/notifier.ts';
import { escapeHtml } from './escape-html.ts';
import { htmlBody, pictureOf } from './html-body.ts';
import type { MailSettings } from './mail-fields.ts';
import { placeholderValues } from './placeholder-values.ts';
import { fillTemplate } from './template.ts';
import { textBody } from './text-body.ts';
import { type MailThread, threadOf } from './thread.ts';

/** A mail, ready for any server, but for whom it is from and goes to. */
export interface ComposedMail {
  readonly thread: MailThread;
  /** One line. */
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly snapshot?: MailedSnapshot;
}

export interface MailedSnapshot {
  readonly jpeg: Uint8Array;
  readonly fileName: string;
  /** There when the HTML shows it. */
  readonly contentId?: string;
}

const CONTENT_ID = 'snapshot@homesec';
/** Clients show some 60 to 80 characters. */
const MAX_SUBJECT_CHARS = 200;

/**
 * Whether this revision is mailed at all: updates come as they please, and nobody wants a mail for each. That a visit has become
 * worse is as good as an alert.
 */
export const isMailed = (alert: OutgoingAlert, followUps: MailSettings['follow_ups']): boolean =>
  isCameraAlert(alert) || alert.worse === true || alert.revision <= { none: 1, one: 2, all: Number.POSITIVE_INFINITY }[followUps];

export function composeMail(alert: OutgoingAlert, settings: MailSettings): ComposedMail {
  const thread = threadOf(alert, settings.from_email);
  const snapshot = snapshotOf(alert, settings.snapshot);
  const { subject, text, html } = bodiesOf(alert, settings, snapshot);
  return {
    thread,
    subject: onOneLine(thread.follows === undefined ? subject : `Re: ${subject}`, MAX_SUBJECT_CHARS),
    text,
    html,
    // No answer from an absent owner's mailbox (RFC 3834); and the alert's identity for those who sort mail by rules.
    headers: { 'Auto-Submitted': 'auto-generated', [IDENTITY_HEADER]: alertIdentity(alert) },
    ...(snapshot === undefined ? {} : { snapshot }),
  };
}

function bodiesOf(alert: OutgoingAlert, settings: MailSettings, snapshot: MailedSnapshot | undefined) {
  const words = wordsOf(alert, settings.timezone);
  const picture = snapshot?.contentId === undefined ? '' : pictureOf(snapshot.contentId);
  if (isCameraAlert(alert)) {
    return { subject: `[HomeSec] ${words.title}`, text: textBody(words), html: htmlBody(words, picture) };
  }
  const values = placeholderValues(alert, words);
  const escaped = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, escapeHtml(value)]));
  const { subject_template, text_template, html_template } = settings;
  return {
    subject: fillTemplate(subject_template, values),
    text: text_template === undefined ? textBody(words) : fillTemplate(text_template, values),
    html: html_template === undefined ? htmlBody(words, picture) : fillTemplate(html_template, { ...escaped, snapshot: picture }),
  };
}

function snapshotOf(alert: OutgoingAlert, how: MailSettings['snapshot']): MailedSnapshot | undefined {
  if (how === 'none' || !('snapshot' in alert) || alert.snapshot === undefined) return undefined;
  return { jpeg: alert.snapshot, fileName: 'snapshot.jpg', ...(how === 'inline' ? { contentId: CONTENT_ID } : {}) };
}
