import { once } from 'node:events';
import { connect } from 'node:net';
import { err, ok, type Result } from '../../../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../../domain/stage-error.ts';
import { reasonOf } from '../../../kit/thrown-reason.ts';

/** Whether somebody takes connections there. */
export async function reachServer(
  { protocol, hostname, port, host }: URL,
  timeoutMs: number,
): Promise<Result<void, PluginFailure>> {
  const defaultPort = protocol === 'https:' ? 443 : 80;
  // A literal IPv6 address stands in brackets only in URLs.
  const socket = connect({ host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? defaultPort : Number(port) });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(timeoutMs) });
    return ok(undefined);
  } catch (thrown) {
    return err(pluginFailure('NOTIFY_UNREACHABLE', `${host} cannot be reached: ${reasonOf(thrown)}`, thrown));
  } finally {
    socket.destroy();
  }
}
