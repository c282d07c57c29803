import { createHash } from 'node:crypto';
import type { ConfigOverride } from '../domain/backfill.ts';
import { ok, type Result } from '../domain/result.ts';

type PluginSettings = Readonly<Record<string, unknown>>;

/** Instances of one configured plugin under other settings than the configured ones, made when they are first asked for. */
export interface Variants<T, E> {
  /** Works with the instance that has these settings; whoever else asks for the same ones shares it. */
  use<R>(override: ConfigOverride, work: (variant: Variant<T>) => Promise<R>): Promise<Result<R, E>>;
  close(): Promise<void>;
}

export interface Variant<T> {
  readonly instance: T;
  /** The first 16 hex digits of the SHA-256 of the whole config: the same settings, the same hash. */
  readonly configHash: string;
}

interface Entry<T, E> {
  readonly loading: Promise<Result<T, E>>;
  readonly configHash: string;
  users: number;
  unused?: NodeJS.Timeout;
}

interface VariantsOptions<T> {
  readonly closeOne?: (instance: T) => Promise<void>;
  readonly keepUnusedForMs?: number;
}

/** Each may hold a model in memory: so many stay for the next clip, and for so long. */
const UNUSED_KEPT = 2;
const KEEP_UNUSED_FOR_MS = 120_000;

/** @param load makes an instance of a config that is still to be parsed. */
export function createVariants<T, E>(
  config: PluginSettings,
  load: (config: PluginSettings) => Promise<Result<T, E>>,
  { closeOne = () => Promise.resolve(), keepUnusedForMs = KEEP_UNUSED_FOR_MS }: VariantsOptions<T> = {},
): Variants<T, E> {
  /** By hash; the one given back last comes last. */
  const entries = new Map<string, Entry<T, E>>();
  const closing = new Set<Promise<void>>();

  function take(override: ConfigOverride): Entry<T, E> {
    const settings = withOverride(config, override);
    const configHash = hashOf(settings);
    const entry: Entry<T, E> = entries.get(configHash) ?? { loading: load(settings), configHash, users: 0 };
    entries.set(configHash, entry);
    clearTimeout(entry.unused);
    entry.users += 1;
    return entry;
  }

  function giveBack(entry: Entry<T, E>, isUsable: boolean): void {
    entry.users -= 1;
    entries.delete(entry.configHash);
    if (!isUsable) return;
    entries.set(entry.configHash, entry);
    const unused = [...entries.values()].filter(({ users }) => users === 0);
    for (const surplus of unused.slice(0, -UNUSED_KEPT)) drop(surplus);
    if (entry.users === 0) entry.unused = setTimeout(() => drop(entry), keepUnusedForMs).unref();
  }

  /** Nobody's work waits for it, or fails with it. */
  function drop(entry: Entry<T, E>): void {
    entries.delete(entry.configHash);
    const closed = end(entry)
      .catch(() => undefined)
      .finally(() => closing.delete(closed));
    closing.add(closed);
  }

  async function end({ loading, unused }: Entry<T, E>): Promise<void> {
    clearTimeout(unused);
    const loaded = await loading;
    if (loaded.ok) await closeOne(loaded.value);
  }

  return {
    use: async (override, work) => {
      const entry = take(override);
      let isUsable = false;
      try {
        const loaded = await entry.loading;
        isUsable = loaded.ok;
        return loaded.ok ? ok(await work({ instance: loaded.value, configHash: entry.configHash })) : loaded;
      } finally {
        giveBack(entry, isUsable);
      }
    },
    close: async () => {
      await Promise.all([...closing, ...[...entries.values()].map(end)]);
    },
  };
}

/** Lays an override over a config: mappings are merged key by key, anything else takes the place of what was there. */
export function withOverride(config: PluginSettings, override: ConfigOverride): PluginSettings {
  const merged: Record<string, unknown> = { ...config };
  for (const [key, value] of Object.entries(override)) {
    const former = merged[key];
    merged[key] = isMapping(former) && isMapping(value) ? withOverride(former, value) : value;
  }
  return merged;
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The order of keys makes no difference. */
const hashOf = (config: unknown): string => createHash('sha256').update(canonical(config)).digest('hex').slice(0, 16);

const canonical = (config: unknown): string =>
  JSON.stringify(config, (_key, value: unknown) =>
    isMapping(value) ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) : value,
  ) ?? '';
