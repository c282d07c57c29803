import { alertHash } from '../kit/alert-hash.ts';
import type { OutgoingAlert } from '../plugins/spec/notifier.ts';

/** A mail's name, and the mail that it follows. */
export interface MailThread {
  /** The same for a repeat, so that servers and clients that drop doubles know it (RFC 5322, 3.6.4). */
  readonly messageId: string;
  /** Of an update: the alert that it belongs to. */
  readonly follows?: string;
}

/** @param from an address; names of mails end in its domain, as those of its owner's other mails do. */
export function threadOf(alert: OutgoingAlert, from: string): MailThread {
  const domain = from.slice(from.lastIndexOf('@') + 1);
  const nameOf = (revision: number): string => `<homesec.${alertHash(alert)}.${revision}@${domain}>`;
  return { messageId: nameOf(alert.revision), ...(alert.revision > 1 ? { follows: nameOf(1) } : {}) };
}
