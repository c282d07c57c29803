import { nearestTo } from '../domain/nearest.ts';

/** What a template may name in braces. `snapshot` is a picture, and so only in HTML. */
export const PLACEHOLDERS = [
  'title',
  'camera_name',
  'time',
  'risk_level',
  'activity_type',
  'detected_classes',
  'summary',
  'analysis',
  'notes',
  'notify_reason',
  'view_url',
  'storage_uri',
  'clip_id',
  'duration_s',
  'ts',
  'revision',
  'unverified',
  'upload_failed',
  'vlm_failed',
  'delayed',
] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];
export type PlaceholderValues = Readonly<Record<Placeholder, string>>;

/** Only words in braces: CSS such as `{ color: red }` stays what it is. */
const IN_BRACES = /\{([a-z_]+)\}/g;

/** The first placeholder that does not exist, as a sentence. */
export function templateProblem(template: string, allowed: readonly string[]): string | undefined {
  const names = [...template.matchAll(IN_BRACES)].map(([, name = '']) => name);
  const unknown = names.find((name) => !allowed.includes(name));
  if (unknown === undefined) return undefined;
  const nearest = nearestTo(unknown, allowed);
  return `there is no placeholder {${unknown}}${nearest === undefined ? '' : `; did you mean {${nearest}}?`}`;
}

/** The template with its placeholders filled in. A value is never looked at again, so what stands in it in braces stays. */
export const fillTemplate = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replaceAll(IN_BRACES, (_braces, name: string) => values[name] ?? '');
