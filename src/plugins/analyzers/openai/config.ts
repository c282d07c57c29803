import { z } from 'zod';
import { bareUrl } from '../../../kit/bare-url.ts';
import { environmentVariable } from '../../../kit/environment-variable.ts';
import { timeZone } from '../../../kit/time-zone.ts';

export const openaiAnalyzerConfigSchema = z.strictObject({
  base_url: bareUrl.default('https://api.openai.com/v1').describe('Where the OpenAI-compatible server answers, with its `/v1`.'),
  api_key_env: environmentVariable
    .nullable()
    .default('OPENAI_API_KEY')
    .describe('Name of the environment variable with the API key. `null`: the server needs none.'),
  model: z.string().trim().min(1).max(200).describe('Name of a model that reads pictures.'),
  token_param: z
    .enum(['max_completion_tokens', 'max_tokens'])
    .default('max_completion_tokens')
    .describe('What the server calls the limit on the length of an answer; older servers know only `max_tokens`.'),
  max_completion_tokens: z.int().min(100).max(200_000).default(10_000).describe('That limit, in tokens.'),
  temperature: z
    .number()
    .min(0)
    .max(2)
    .nullable()
    .default(0)
    .describe('0 answers most alike each time. `null` leaves it to the server; some models accept nothing else.'),
  // Node's own fetch gives up after 300 s without an answer, whatever is asked of it.
  request_timeout_s: z.number().min(1).max(300).default(60).describe('How long one request may take.'),
  max_frames: z.int().min(1).max(60).default(10).describe('Pictures of a clip that the model is shown.'),
  max_size: z.int().min(64).max(4096).default(1024).describe('Longer side of a picture, in pixels.'),
  quality: z.int().min(1).max(100).default(85).describe('JPEG quality of a picture.'),
  detail: z
    .enum(['auto', 'low', 'high'])
    .default('high')
    .describe('How closely the model is asked to look; `low` costs fewer tokens.'),
  camera_context: z
    .record(z.string(), z.string().trim().min(1).max(2000))
    .default({})
    .describe('What the model should know of a place, by camera name: who comes there, what is ordinary.'),
  instructions: z
    .string()
    .trim()
    .min(1)
    .max(20_000)
    .optional()
    .describe('What the model is told to do, in place of the built-in words. The form of its answer stays as it is.'),
  timezone: timeZone.optional().describe("Zone of the local time that the model is told. Left out: the system's."),
});

export type OpenaiAnalyzerConfig = z.output<typeof openaiAnalyzerConfigSchema>;
