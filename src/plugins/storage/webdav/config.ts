import { z } from 'zod';

const environmentVariable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable')
  .describe('Name of an environment variable, never the secret itself.');

const address = z.url({ protocol: /^https?$/, error: 'must be an http or https address' }).refine(isBareUrl, {
  error: 'must not carry a user name, password, query or fragment; credentials are named by username_env and password_env',
});

export const configSchema = z
  .strictObject({
    url: address.describe('Folder for everything stored, such as `https://cloud.example.com/remote.php/dav/files/me/HomeSec`.'),
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

function isBareUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && `${url.username}${url.password}${url.search}${url.hash}` === '';
}
