import type { Result } from '../domain/result.ts';
import { type PluginFailure, remedyOf } from '../domain/stage-error.ts';
import { bad, good } from '../kit/findings.ts';
import { reasonOf } from '../kit/thrown-reason.ts';
import type { Finding } from '../plugins/spec/finding.ts';

export interface PluginTrial<Plugin> {
  /** What the owner calls it. */
  readonly what: string;
  readonly load: () => Promise<Plugin>;
  readonly call: (plugin: Plugin) => Promise<Result<void, PluginFailure>>;
  /** What it means that the call succeeds. */
  readonly works: string;
}

/** Loads a plugin for one call, and closes it. One that cannot be loaded, or throws, is a finding like any other. */
export async function tryPlugin<Plugin extends { close(): Promise<void> }>(trial: PluginTrial<Plugin>): Promise<Finding> {
  const { what, works } = trial;
  try {
    const answer = await callOnce(trial);
    return answer.ok ? good(what, works) : bad(what, answer.error.message, remedyOf(answer.error.code));
  } catch (error) {
    return bad(what, `cannot be used: ${reasonOf(error)}`, remedyOf('PLUGIN_UNUSABLE'));
  }
}

interface Pingable {
  ping(): Promise<Result<void, PluginFailure>>;
  close(): Promise<void>;
}

/** Tries whether a plugin reaches what it needs. */
export const pingPlugin = (what: string, load: () => Promise<Pingable>): Promise<Finding> =>
  tryPlugin({ what, load, call: (plugin) => plugin.ping(), works: 'works' });

async function callOnce<Plugin extends { close(): Promise<void> }>({ load, call }: PluginTrial<Plugin>) {
  const plugin = await load();
  try {
    return await call(plugin);
  } finally {
    await plugin.close();
  }
}
