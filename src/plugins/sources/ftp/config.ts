import { z } from 'zod';
import { fileExtensionSchema } from '../../../intake/file-extension.ts';

const seconds = z.number().nonnegative().max(86_400);
const count = z.number().int().min(1);
const port = count.max(65_535);

const PORT_RANGE = /^(\d{1,5})-(\d{1,5})$/;
const isPortRange = (text: string): boolean => {
  const [from = 0, to = 0] = PORT_RANGE.exec(text)?.slice(1).map(Number) ?? [];
  return from >= 1 && from <= to && to <= 65_535;
};

const tls = z.strictObject({
  cert_file: z.string().min(1).describe('PEM file of the certificate and those that vouch for it.'),
  key_file: z.string().min(1).describe('PEM file of its private key.'),
  required: z.boolean().default(false).describe('`true`: nobody logs in or sends files without encryption.'),
});

/** What the cameras of one server have in common. */
const serverKeys = {
  host: z.string().min(1).default('0.0.0.0').describe('Address to listen on.'),
  port: port.default(2121).describe('Port to listen on; 21 needs the right to use low ports.'),
  passive_ports: z
    .string()
    .trim()
    .refine(isPortRange, 'must be a range such as 30000-30049')
    .default('30000-30049')
    .describe('Ports for passive transfers, which a firewall has to let in as well. One for each upload at once.'),
  masquerade_address: z
    .ipv4()
    .optional()
    .describe('The IPv4 address under which cameras reach this machine, where it is not its own: behind NAT, in a container.'),
  tls: tls.optional().describe('Explicit FTPS. Left out: none.'),
  max_connections: count.default(100).describe('Connections at once.'),
  max_connections_per_address: count.default(20).describe('Connections at once from one address.'),
  login_failures_per_minute: count
    .default(10)
    .describe('More wrong passwords for one user from one address shut it out for a while.'),
  max_upload_bytes: count.default(4_000_000_000).describe('An upload that grows beyond this is broken off.'),
  idle_timeout_s: seconds.min(0.1).default(300).describe('A connection on which nothing happens for so long is closed.'),
};
export const SERVER_KEYS = Object.keys(serverKeys);

export const ftpConfigSchema = z
  .strictObject({
    user: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be letters, digits, `.`, `_` and `-`')
      .refine((name) => !['anonymous', 'ftp'].includes(name.toLowerCase()), 'is what strangers log in with')
      .describe('Name that the camera logs in with; its folder has the same.'),
    password_env: z.string().min(1).optional().describe('Name of the environment variable with its password.'),
    anonymous: z
      .boolean()
      .default(false)
      .describe('`true`: this camera needs no password and may log in as `anonymous`. So may anyone who reaches the port.'),
    root_dir: z
      .string()
      .trim()
      .min(1)
      .optional()
      .describe('Folder that holds a folder for each camera. Left out: in the spool, where sealing copies nothing.'),
    extensions: z
      .array(fileExtensionSchema)
      .min(1)
      .default(['.mp4', '.mkv', '.mov', '.avi', '.ts'])
      .describe('Uploads that end so are clips, in upper or lower case.'),
    settle_s: seconds.default(2).describe('A finished upload is left alone for so long, so that the camera can rename it.'),
    resume_wait_s: seconds.default(60).describe('For so long a camera may take up an upload that broke off.'),
    file_name_time: z
      .enum(['local', 'utc', 'ignore'])
      .default('local')
      .describe("What times in names of files are: the time of this machine's zone, UTC, or nothing to go by."),
    jpeg_clips: z.boolean().default(false).describe('`true`: a picture that belongs to no video becomes a clip of one frame.'),
    snapshot_wait_s: seconds.default(120).describe('For so long a picture waits for its video.'),
    keep_snapshots: z.number().int().nonnegative().default(500).describe('So many other pictures are kept, the newest.'),
    ...serverKeys,
  })
  .refine(({ password_env, anonymous }) => anonymous !== (password_env !== undefined), {
    path: ['password_env'],
    error: 'a camera has either a password or `anonymous: true`',
  });

export type FtpConfig = z.output<typeof ftpConfigSchema>;
