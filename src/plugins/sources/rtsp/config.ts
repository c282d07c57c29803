import { z } from 'zod';
import { motionConfigSchema } from './motion-config.ts';

const streamUrl = z
  .string()
  .trim()
  .regex(/^rtsps?:\/\/[^\s/]+/i, 'must be a URL such as rtsp://192.168.1.20/stream1');
const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable');
const seconds = z.number().nonnegative().max(86_400);

export const AUDIO_CHOICES = ['auto', 'copy', 'aac', 'none'] as const;
export const HWACCELS = ['none', 'auto', 'vaapi', 'cuda', 'qsv', 'videotoolbox'] as const;

const recordingSchema = z.strictObject({
  pre_roll_s: seconds.max(60).default(5).describe('How much of what was before the first motion belongs to a clip.'),
  stop_delay_s: seconds.default(10).describe('How long recording goes on after the last motion.'),
  max_recording_s: z
    .number()
    .min(5)
    .max(3_600)
    .default(60)
    .describe('A longer event is cut into clips of this length, without a gap.'),
  audio: z
    .enum(AUDIO_CHOICES)
    .default('auto')
    .describe('`auto`: copied where an MP4 can hold it, else made AAC; `copy`, `aac` or `none` to insist.'),
});

const streamSchema = z.strictObject({
  io_timeout_s: z.number().min(1).max(60).default(5).describe('How long the camera may be silent on its connection.'),
  sessions: z
    .enum(['auto', 'one', 'two'])
    .default('auto')
    .describe('Connections at once: `auto` uses two when the camera allows it, else one for everything.'),
  timestamps: z
    .enum(['auto', 'camera', 'arrival'])
    .default('auto')
    .describe("Whose clock times the pictures: the camera's, or their arrival, for cameras whose clock is broken."),
  hwaccel: z
    .enum(HWACCELS)
    .default('none')
    .describe('Hardware that decodes the pictures for motion detection; given up when it fails. Recording decodes nothing.'),
  detect_fps: z.number().min(1).max(15).default(5).describe('Pictures per second that motion is looked for in.'),
});

const reconnectSchema = z.strictObject({
  backoff_s: z.number().min(0.1).max(60).default(1).describe('Wait before the second attempt; doubles each time.'),
  max_backoff_s: z.number().min(1).max(600).default(15).describe('The longest wait between attempts, which never end.'),
  detect_fallback_attempts: z
    .number()
    .int()
    .min(1)
    .default(3)
    .describe('After so many failures of the detect stream in a row motion is looked for in the main stream, until it is back.'),
});

const runtimeSchema = z.strictObject({
  frame_timeout_s: z
    .number()
    .min(1)
    .max(60)
    .default(5)
    .describe('No picture and no byte for so long: the connection is made anew.'),
  frozen_after_s: seconds.default(60).describe('The very same picture for so long: the same, once. 0: never.'),
});

export const rtspConfigSchema = z.strictObject({
  rtsp_url: streamUrl.optional().describe('The main stream, without user and password.'),
  rtsp_url_env: variable.optional().describe('Or the name of an environment variable that holds it whole.'),
  detect_rtsp_url: streamUrl
    .optional()
    .describe('A small stream for motion detection. Left out: derived from the main one where its name allows it.'),
  detect_rtsp_url_env: variable.optional().describe('Or the name of an environment variable that holds it whole.'),
  username: z.string().min(1).optional().describe('User at the camera.'),
  password_env: variable.optional().describe('Name of the environment variable with the password, never the password itself.'),
  recording: recordingSchema.prefault({}).describe('What belongs to a clip.'),
  motion: motionConfigSchema.prefault({}).describe('What counts as motion.'),
  stream: streamSchema.prefault({}).describe('How the camera is connected to.'),
  reconnect: reconnectSchema.prefault({}).describe('How a lost connection is made again.'),
  runtime: runtimeSchema.prefault({}).describe('When a connection counts as lost.'),
});

export type RtspConfig = z.output<typeof rtspConfigSchema>;
