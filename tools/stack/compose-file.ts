import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';

/** What of docker-compose.yml a service of the native stack goes by. Whatever else the file says is the container engine's business. */
const serviceSchema = z.object({
  image: z.string(),
  entrypoint: z.array(z.string()).default([]),
  command: z.array(z.string()).default([]),
  env_file: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  volumes: z.array(z.string()).default([]),
  tmpfs: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  profiles: z.array(z.string()).default([]),
  depends_on: z
    .record(z.string(), z.object({ condition: z.enum(['service_healthy', 'service_completed_successfully']) }))
    .default({}),
  restart: z.enum(['unless-stopped', 'on-failure']),
  stop_signal: z.enum(['SIGTERM', 'SIGINT']).default('SIGTERM'),
  stop_grace_period: z
    .string()
    .regex(/^\d+s$/)
    .default('10s'),
});
const fileSchema = z.object({ services: z.record(z.string(), serviceSchema), volumes: z.record(z.string(), z.unknown()) });

export type ComposeService = z.output<typeof serviceSchema>;
export type ComposeFile = z.output<typeof fileSchema>;
type Environment = Readonly<Record<string, string | undefined>>;

/** The file as the engine sees it: anchors merged, variables filled in. Throws where a variable is missing or the file has another form. */
export async function readComposeFile(path: string, environment: Environment): Promise<ComposeFile> {
  return fileSchema.parse(interpolated(await readComposeYaml(path), environment));
}

/** The file as it is written, with anchors merged. */
export async function readComposeYaml(path: string): Promise<unknown> {
  return parse(await readFile(path, 'utf8'), { merge: true }) as unknown;
}

/** Fills in variables in all texts: https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md */
export function interpolated(value: unknown, environment: Environment): unknown {
  if (typeof value === 'string') return interpolate(value, environment);
  if (Array.isArray(value)) return value.map((item) => interpolated(item, environment));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, interpolated(item, environment)]));
}

const VARIABLE = /\$(?:\$|\{(?<name>\w+)(?::(?<rule>[-?])(?<word>[^}]*))?\})/g;

function interpolate(text: string, environment: Environment): string {
  return text.replaceAll(VARIABLE, (match, ...rest) => {
    if (match === '$$') return '$';
    const { name = '', rule, word = '' } = rest.at(-1) as Record<string, string | undefined>;
    const value = environment[name] ?? '';
    if (value !== '' || rule === undefined) return value;
    if (rule === '-') return word;
    throw new Error(`${name} is empty: ${word}`);
  });
}
