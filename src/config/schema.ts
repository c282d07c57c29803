import { z } from 'zod';
import { VLM_RUN_MODES } from '../domain/known.ts';

/** A plugin by name, with a config that only the plugin itself understands. */
const pluginRef = {
  backend: z.string().trim().toLowerCase().min(1).describe('Name of the plugin.'),
  config: z.record(z.string(), z.unknown()).default({}).describe("The plugin's own settings."),
};

const name = (what: string) => z.string().trim().min(1).max(64).describe(what);
const seconds = z.number().nonnegative();

const cameraSchema = z.strictObject({
  name: name('Unique name of the camera, as alerts and lists show it.'),
  enabled: z.boolean().default(true).describe('Whether it records.'),
  source: z.strictObject(pluginRef).describe('Where its clips come from.'),
  offline_alerts: z.boolean().default(true).describe('Whether the channels are told when it stays away, and when it is back.'),
});

const storageSchema = z.strictObject({
  ...pluginRef,
  paths: z
    .strictObject({ clips_dir: z.string().min(1).default('clips').describe('Folder for clips below the storage root.') })
    .prefault({})
    .describe('How what is stored is laid out.'),
  max_upload_mbps: z
    .number()
    .positive()
    .optional()
    .describe('Megabits per second that all uploads of this host share. Left out: no limit.'),
});

const notifierSchema = z.strictObject({
  name: name('Unique name of the channel; events and `retry` speak of it by this name.'),
  ...pluginRef,
  enabled: z.boolean().default(true).describe('Whether alerts go out over it.'),
});

const vlmSchema = z.strictObject({
  ...pluginRef,
  run_mode: z
    .enum(VLM_RUN_MODES)
    .default('trigger_only')
    .describe('`trigger_only`: when the filter saw a trigger class; `always`; `never`.'),
  trigger_classes: z.array(z.string().min(1)).default(['person']).describe('Classes that are worth a description and an alert.'),
});

const environmentVariable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable')
  .describe('Name of an environment variable, never the secret itself.');

/** The whole configuration file. Sections of plugins stay opaque here. */
export const configSchema = z.strictObject({
  version: z.literal(1).describe('Version of this file format.'),
  data_dir: z.string().min(1).default('./homesec-data').describe('Spool, embedded servers, models and temporary files.'),
  plugins: z.array(z.string().min(1)).default([]).describe('npm packages with further plugins.'),
  cameras: z.array(cameraSchema).describe('All cameras; may be empty.'),
  source_defaults: z
    .record(z.string(), z.record(z.string(), z.unknown()))
    .default({})
    .describe('By backend: keys that the source of every camera of this backend has unless it writes its own.'),
  storage: storageSchema.describe('Where clips are uploaded to.'),
  state_store: z
    .strictObject({ dsn_env: environmentVariable.default('DB_DSN') })
    .optional()
    .describe('Postgres. Left out: the embedded one.'),
  notifiers: z.array(notifierSchema).optional().describe('Channels for alerts. Left out: MQTT on the embedded broker.'),
  filter: z.strictObject(pluginRef).describe('The object detector.'),
  vlm: vlmSchema.describe('The vision-language model.'),
  alert_policy: z
    .strictObject({
      backend: pluginRef.backend.default('default'),
      config: pluginRef.config,
      enabled: z.boolean().default(true).describe('`false`: never alert.'),
    })
    .prefault({})
    .describe('What is worth an alert.'),
  alert: z
    .strictObject({
      deadline_s: seconds.default(60).describe('From sealing to the first notification, whatever is known by then.'),
    })
    .prefault({})
    .describe('When alerts go out.'),
  camera_watch: z
    .strictObject({
      enabled: z.boolean().default(true).describe('`false`: nobody watches whether cameras deliver.'),
      offline_after_s: seconds.default(60).describe('How long a camera is away before it counts as offline and is alerted.'),
      cool_down_s: seconds
        .default(900)
        .describe('How long after such an alert the next one of the same camera is held back; told then if it is still away.'),
    })
    .prefault({})
    .describe('What is told of cameras that stop delivering.'),
  retention: z
    .strictObject({
      max_local_size_bytes: z
        .number()
        .int()
        .nonnegative()
        .default(10_000_000_000)
        .describe('Uploaded and verified clips in the spool beyond this are removed, oldest first.'),
      min_free_bytes: z
        .number()
        .int()
        .nonnegative()
        .default(2_000_000_000)
        .describe('The same when less than this is free on the disk of the spool.'),
    })
    .prefault({})
    .describe('What stays on the local disk.'),
  concurrency: z
    .strictObject({
      upload_workers: z.number().int().min(1).default(4).describe('Uploads at once.'),
      filter_workers: z.number().int().min(1).default(1).describe('Clips in the detector at once.'),
      vlm_workers: z.number().int().min(1).default(2).describe('Requests to the model at once.'),
    })
    .prefault({})
    .describe('How much is done at once.'),
  retry: z
    .strictObject({
      max_attempts: z.number().int().min(1).default(6).describe('Attempts of `filter` and `vlm` before the clip is parked.'),
      backoff_s: seconds.min(0.1).default(2).describe('Wait before the second attempt; doubles each time.'),
      park_for_s: seconds.default(604_800).describe('How long a parked clip waits for `retry` before it fails.'),
    })
    .prefault({})
    .describe('How stages are tried again.'),
  temporal: z
    .strictObject({
      address: z.string().min(1).optional().describe('`host:port`. Left out: $TEMPORAL_ADDRESS, else the embedded server.'),
      namespace: z
        .string()
        .min(1)
        .optional()
        .describe('Namespace of all workflows. Left out: $TEMPORAL_NAMESPACE, else `homesec`.'),
      encryption: z
        .strictObject({
          enabled: z.boolean().default(true).describe('`false`: nothing more is encrypted, what is can still be read.'),
          keys: z
            .array(z.strictObject({ key_env: environmentVariable }))
            .min(1)
            .describe('The first encrypts, all decrypt. Each is 32 bytes in base64.'),
        })
        .optional()
        .describe('Of what Temporal keeps of clips. Left out: none. docs/guide/connections.md'),
    })
    .prefault({})
    .describe('The Temporal server.'),
  backup: z
    .strictObject({
      enabled: z
        .boolean()
        .default(false)
        .describe('Whether `worker pipeline` backs up Postgres by itself. Needs pg_dump of its major.'),
      dir: z.string().min(1).optional().describe('Left out: `backups` below `data_dir`. Better on another disk.'),
      every_h: z.number().min(1).default(24).describe('Hours from one backup to the next; 24: each day at 02:00 UTC.'),
      keep_count: z.number().int().min(1).default(14).describe('Backups to keep; older ones are removed.'),
    })
    .prefault({})
    .describe('Copies of Postgres: states and events of clips.'),
  clip_server: z
    .strictObject({
      listen: z
        .string()
        .regex(/^(\[[0-9a-fA-F:]+\]|[^:\s/]+):\d{1,5}$/, 'must be an address and a port, such as 192.168.1.10:8790')
        .describe('Address and port that `worker host` listens on.'),
      public_url: z
        .url({ protocol: /^https?$/ })
        .describe('Where workers on other machines reach it, such as `http://192.168.1.10:8790`.'),
      secret_env: environmentVariable.default('HOMESEC_CLIP_SECRET'),
    })
    .optional()
    .describe(
      'Has `worker host` hand the bytes of clips to workers on other machines, by signed links. Left out: they wait for storage.',
    ),
  health: z
    .strictObject({
      listen: z
        .string()
        .regex(/^(\[[^\]]+\]|[^:[\]]+):\d{1,5}$/, 'must be host:port')
        .nullable()
        .default(null)
        .describe(
          '`host:port` for /health/live, /health/ready and /metrics; workers beside it take the next ports. `null`: none.',
        ),
    })
    .prefault({})
    .describe(
      'What each process tells of itself over HTTP; $HOMESEC_HEALTH_HOST and $HOMESEC_HEALTH_PORT win. docs/guide/operate.md',
    ),
  spool: z
    .strictObject({ dir: z.string().min(1).optional().describe('Left out: `spool` below `data_dir`. On a local disk.') })
    .prefault({})
    .describe('Where sealed clips wait until they are uploaded.'),
});

export type Config = z.output<typeof configSchema>;
export type CameraConfig = Config['cameras'][number];
export type NotifierConfig = NonNullable<Config['notifiers']>[number];
