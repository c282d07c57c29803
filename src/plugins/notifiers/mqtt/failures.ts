import { type PluginFailure, pluginFailure } from '../../../domain/stage-error.ts';
import { reasonOf } from '../../../kit/thrown-reason.ts';

/**
 * Reasons for which a broker refuses what it would refuse again: 3.1.1 CONNACK 1, 2, 4, 5, and of MQTT 5.0 (2.4) malformed
 * packet, protocol, version, client id, credentials, rights, ban, method, topic, packet identifier and size, payload, retain and QoS.
 */
const LASTING_REASONS: ReadonlySet<number> = new Set([
  1, 2, 4, 5, 129, 130, 132, 133, 134, 135, 138, 140, 143, 144, 149, 153, 154, 155,
]);
const VERSION_REASONS: ReadonlySet<number> = new Set([1, 132]);

/** A failure to reach the broker or to be let in. */
export function connectFailure(broker: string, thrown: unknown): PluginFailure {
  if (isLasting(thrown)) return pluginFailure('NOTIFY_REJECTED', `broker ${broker} refused us: ${reasonOf(thrown)}`, thrown);
  return pluginFailure('NOTIFY_UNREACHABLE', `could not connect to broker ${broker}: ${reasonOf(thrown)}`, thrown);
}

/** A failure of one publish on a connection that stands. */
export function publishFailure(broker: string, thrown: unknown): PluginFailure {
  const what = `broker ${broker} did not take the alert: ${reasonOf(thrown)}`;
  return pluginFailure(isLasting(thrown) ? 'NOTIFY_REJECTED' : 'NOTIFY_UNREACHABLE', what, thrown);
}

/** Whether the broker does not speak the protocol version that was tried. */
export const isVersionRefusal = (thrown: unknown): boolean => VERSION_REASONS.has(reasonCodeOf(thrown) ?? 0);

const isLasting = (thrown: unknown): boolean => LASTING_REASONS.has(reasonCodeOf(thrown) ?? 0);

function reasonCodeOf(thrown: unknown): number | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'number' ? thrown.code : undefined;
}
