import { z } from 'zod';
import { environmentVariable } from '../../../kit/environment-variable.ts';
import { hostName } from '../../../kit/host-name.ts';
import { parseBrokerUrl } from './broker-address.ts';
import { CAMERA_PLACEHOLDER, isTopic } from './topic.ts';

const file = z.string().trim().min(1);

const tlsSchema = z
  .strictObject({
    ca_file: file
      .optional()
      .describe("PEM file of the authority that signed the broker's certificate. Left out: the well-known ones."),
    cert_file: file.optional().describe('PEM file of our own certificate, for brokers that ask for one.'),
    key_file: file.optional().describe('PEM file of its private key.'),
    insecure: z
      .boolean()
      .default(false)
      .describe('`true`: do NOT check the certificate. Anyone on the network can then read and forge alerts.'),
  })
  .refine((tls) => (tls.cert_file === undefined) === (tls.key_file === undefined), {
    error: 'cert_file and key_file belong together',
    path: ['key_file'],
  });

const topic = z.string().min(1).refine(isTopic, 'must be an MQTT topic without `+`, `#` and control characters');

export const configSchema = z
  .strictObject({
    host: hostName.optional().describe('Host name or address of the broker.'),
    port: z.int().min(1).max(65_535).optional().describe('Left out: 1883, with TLS 8883.'),
    url: z
      .string()
      .refine(
        (text) => parseBrokerUrl(text)?.credentials === null,
        'must be `mqtt://host[:port]` or `mqtts://host[:port]`, without user and password',
      )
      .optional()
      .describe('Instead of `host` and `port`.'),
    url_env: environmentVariable
      .default('HOMESEC_MQTT_URL')
      .describe(
        'Variable with the URL, used when `host` and `url` are left out. `homesec run` sets the default one to its own broker.',
      ),
    auth: z
      .strictObject({ username_env: environmentVariable, password_env: environmentVariable.optional() })
      .optional()
      .describe('Credentials, by environment variables.'),
    tls: tlsSchema.optional().describe('TLS. `{}` checks the certificate against the well-known authorities.'),
    topic_template: topic
      .refine((text) => !/[{}]/.test(text.replaceAll(CAMERA_PLACEHOLDER, '')), 'knows no placeholder but {camera_name}')
      .default('homecam/alerts/{camera_name}')
      .describe('Topic of an alert. Updates of it go to `<topic>/update`, news of the camera itself to `<topic>/camera`.'),
    snapshot: z
      .boolean()
      .default(false)
      .describe('Whether the picture, where there is one, goes to `<topic>/snapshot` as JPEG, after the alert.'),
    qos: z.literal([0, 1, 2]).default(1).describe('With 0 nothing confirms an alert, and a lost one is not noticed.'),
    retain: z.boolean().default(false).describe('Whether the broker shows the last alert to clients that come later.'),
    availability_topic: topic
      .nullable()
      .default('homesec/availability')
      .describe(
        'Holds `online` or `offline`, retained; by the last will also after a crash. Below it, by name, each camera that was told to be away, or back. `null`: none.',
      ),
    client_id: z.string().trim().min(1).max(64).optional().describe('Left out: a random one. Two processes must not share one.'),
    protocol_version: z
      .enum(['auto', '5', '3.1.1'])
      .default('auto')
      .describe('`auto`: 5, and 3.1.1 where the broker does not know it. Only 5 reports an alert that access rules forbid.'),
    keepalive_s: z.int().min(5).max(3600).default(30).describe('Seconds between signs of life.'),
    connection_timeout_s: z.number().positive().max(12).default(10).describe('Longest wait for a connection.'),
    publish_timeout_s: z.number().positive().max(12).default(10).describe("Longest wait for the broker's acknowledgement."),
  })
  .superRefine((config, context) => {
    const problem = addressProblem(config);
    if (problem !== undefined) context.addIssue({ code: 'custom', ...problem });
  });

export type MqttConfig = z.output<typeof configSchema>;
export type TlsConfig = NonNullable<MqttConfig['tls']>;

function addressProblem(config: { host?: unknown; port?: unknown; url?: unknown; tls?: unknown }) {
  const { host, port, url, tls } = config;
  if (host !== undefined && url !== undefined) return { path: ['url'], message: 'give either host or url' };
  if (port !== undefined && host === undefined) return { path: ['port'], message: 'needs host' };
  const isPlain = typeof url === 'string' && parseBrokerUrl(url)?.isTls === false;
  if (isPlain && tls !== undefined) return { path: ['tls'], message: 'the url is mqtt://; for TLS it must be mqtts://' };
  return undefined;
}
