import type { Alert } from '../../domain/alert.ts';
import type { Result } from '../../domain/result.ts';
import type { PluginFailure } from '../../domain/stage-error.ts';

/** Delivers alerts over one configured channel. */
export interface Notifier {
  /**
   * An alert of a clip or of a camera, by its `kind`. Resolves once the other side has confirmed. `alert.dedupeKey` and `alert.revision` tell a repeat from an update.
   * Rejects with the signal's reason when aborted: it was called off, and did not fail.
   */
  send(alert: Alert, signal: AbortSignal): Promise<Result<void, PluginFailure>>;
  ping(): Promise<Result<void, PluginFailure>>;
  close(): Promise<void>;
}
