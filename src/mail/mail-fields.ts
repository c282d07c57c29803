import { z } from 'zod';
import { timeZone } from '../kit/time-zone.ts';
import { PLACEHOLDERS, templateProblem } from './template.ts';

const template = (allowed: readonly string[]) =>
  z
    .string()
    .min(1)
    .superRefine((text, context) => {
      const message = templateProblem(text, allowed);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    });

const address = z.email('must be a mail address');

/** The part of a channel's config that says what its mails look like and whom they go to. */
export const mailFields = {
  from_email: address.describe('Sender. The server must let us send for it.'),
  from_name: z.string().trim().min(1).max(100).default('HomeSec').describe('Name beside it.'),
  to_emails: z.array(address).min(1).describe('Recipients.'),
  cc_emails: z.array(address).default([]).describe('Recipients of a copy.'),
  bcc_emails: z.array(address).default([]).describe('Recipients of a copy whom the others do not see.'),
  subject_template: template(PLACEHOLDERS)
    .default('[HomeSec] {title}')
    .describe('Subject of an alert of a clip, with placeholders. Updates have the same after `Re:`.'),
  text_template: template(PLACEHOLDERS).optional().describe('Plain text of an alert of a clip. Left out: the built-in one.'),
  html_template: template([...PLACEHOLDERS, 'snapshot'])
    .optional()
    .describe('HTML of an alert of a clip; values are escaped. Left out: the built-in one.'),
  snapshot: z
    .enum(['inline', 'attach', 'none'])
    .default('inline')
    .describe('The picture, where there is one: in the mail, as a file beside it, or not at all.'),
  follow_ups: z
    .enum(['none', 'one', 'all'])
    .default('one')
    .describe(
      "How many of an alert's updates are mailed. A camera that is back, and a visit that has become worse, are told in any case.",
    ),
  timezone: timeZone.optional().describe("Zone of the times in the mail. Left out: the system's."),
};

const mailSchema = z.strictObject(mailFields);
export type MailSettings = z.output<typeof mailSchema>;
