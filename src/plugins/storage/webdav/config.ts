import { z } from 'zod';
import { bareUrl } from '../../../kit/bare-url.ts';
import { environmentVariable } from '../../../kit/environment-variable.ts';

export const configSchema = z
  .strictObject({
    url: bareUrl.describe('Folder for everything stored, such as `https://cloud.example.com/remote.php/dav/files/me/HomeSec`.'),
    auth: z
      .enum(['basic', 'digest', 'none'])
      .default('basic')
      .describe('How the server wants to be shown the credentials. Use `basic` over https only.'),
    username_env: environmentVariable.optional().describe('Variable with the user name.'),
    password_env: environmentVariable
      .optional()
      .describe('Variable with the password; for Nextcloud and its like an app password.'),
    read_back: z
      .boolean()
      .default(true)
      .describe(
        'Whether each clip is read back once and its hash compared. `false` saves that traffic and checks the size only.',
      ),
    timeout_s: z.number().min(1).max(600).default(60).describe('How long the server may be silent within one request.'),
  })
  .superRefine(({ auth, username_env, password_env }, context) => {
    const needed = auth !== 'none';
    for (const [key, value] of Object.entries({ username_env, password_env })) {
      if ((value !== undefined) === needed) continue;
      context.addIssue({
        code: 'custom',
        path: [key],
        message: needed ? `is needed for auth: ${auth}` : 'goes with auth: basic or digest',
      });
    }
  });

export type WebdavConfig = z.output<typeof configSchema>;
