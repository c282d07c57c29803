import { z } from 'zod';
import { bareUrl } from '../../../kit/bare-url.ts';
import { environmentVariable } from '../../../kit/environment-variable.ts';
import { timeZone } from '../../../kit/time-zone.ts';

/** 1 is silent, 3 ordinary, 5 rings through most of what silences a phone. */
const priority = z.int().min(1).max(5);

export const configSchema = z.strictObject({
  server: bareUrl.default('https://ntfy.sh').describe('Address of the ntfy server.'),
  topic: z
    .string()
    .regex(/^[-_A-Za-z0-9]{1,64}$/, 'must be 1 to 64 letters, digits, - and _')
    .describe('Topic. On a server without access rules whoever knows it may read along: choose one that nobody guesses.'),
  token_env: environmentVariable.optional().describe('Variable with an access token (`tk_…`). Left out: the topic is open.'),
  priorities: z
    .strictObject({
      low: priority.default(2).describe('An alert of low risk.'),
      medium: priority.default(3).describe('An alert of medium risk.'),
      high: priority.default(4).describe('An alert of high risk.'),
      critical: priority.default(5).describe('An alert of critical risk.'),
      unknown: priority.default(3).describe('An alert whose risk is not known.'),
      camera: priority.default(4).describe('A camera that is away.'),
    })
    .prefault({})
    .describe('How loud a message is, 1 to 5, by risk.'),
  tags: z
    .array(z.string().regex(/^[^\s,]{1,50}$/u, 'must be a word without commas'))
    .default([])
    .describe('Further tags; names of emoji are shown as such.'),
  snapshot: z
    .enum(['attach', 'none'])
    .default('attach')
    .describe('The picture, where there is one. Where the server does not take it, the words go alone.'),
  timezone: timeZone.optional().describe("Zone of the time in the message. Left out: the system's."),
  timeout_s: z.number().positive().max(12).default(10).describe('How long one request may take.'),
});

export type NtfyConfig = z.output<typeof configSchema>;
