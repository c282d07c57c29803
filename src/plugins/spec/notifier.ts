import type { CameraAlert, ClipAlert } from '../../domain/alert.ts';
import type { Result } from '../../domain/result.ts';
import type { PluginFailure } from '../../domain/stage-error.ts';

/** An alert with what is added at the moment of delivery, and never kept. */
export type OutgoingAlert = OutgoingClipAlert | CameraAlert;

export interface OutgoingClipAlert extends ClipAlert {
  /** A link that opens the clip, made for this delivery. Whoever has it may look, and it may expire. */
  readonly viewUrl?: string;
  /** JPEG of the moment that tells most, with what was detected drawn in. */
  readonly snapshot?: Uint8Array;
}

/** Delivers alerts over one configured channel. */
export interface Notifier {
  /**
   * An alert of a clip or of a camera, by its `kind`. Resolves once the other side has confirmed. `alert.dedupeKey` and `alert.revision` tell a repeat from an update.
   * Rejects with the signal's reason when aborted: it was called off, and did not fail.
   */
  send(alert: OutgoingAlert, signal: AbortSignal): Promise<Result<void, PluginFailure>>;
  /** Whether it shows the picture of an alert; left out: it does. None is fetched for one that does not. */
  readonly showsPictures?: boolean;
  /** Of one that keeps a connection: begins to, before there is an alert, and goes on trying until it is closed. Called once, where alerts are delivered. */
  start?(): void;
  ping(): Promise<Result<void, PluginFailure>>;
  close(): Promise<void>;
}
