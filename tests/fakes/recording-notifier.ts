import { err, ok, type Result } from '../../src/domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../src/domain/stage-error.ts';
import type { Notifier, OutgoingAlert } from '../../src/plugins/spec/notifier.ts';

/** Takes every alert and remembers it. */
export class RecordingNotifier implements Notifier {
  readonly #sent: OutgoingAlert[] = [];
  #failure: PluginFailure | undefined;

  /** Every call fails so until it is called with undefined. */
  failWith(failure: PluginFailure | undefined): void {
    this.#failure = failure;
  }

  get sent(): readonly OutgoingAlert[] {
    return this.#sent;
  }

  async send(alert: OutgoingAlert, signal: AbortSignal): Promise<Result<void, PluginFailure>> {
    signal.throwIfAborted();
    if (this.#failure !== undefined) return err(this.#failure);
    this.#sent.push(alert);
    return ok(undefined);
  }

  async ping(): Promise<Result<void, PluginFailure>> {
    return this.#failure === undefined ? ok(undefined) : err(this.#failure);
  }

  async close(): Promise<void> {
    this.#failure ??= pluginFailure('NOTIFY_UNREACHABLE', 'the channel has been closed');
  }
}
