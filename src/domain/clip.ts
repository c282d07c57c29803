import type { ClipId } from './ids.ts';
import type { Instant } from './instant.ts';

/** One sealed recording. Fixed at sealing; nothing here ever changes. */
export interface Clip {
  readonly clipId: ClipId;
  /** The camera's configured name, exactly as the owner wrote it. */
  readonly cameraName: string;
  /** UUID of the spool that holds the bytes; names the host's task queue. */
  readonly hostId: string;
  readonly recordedStartAt: Instant;
  readonly recordedEndAt: Instant;
  /** The media's own duration, from ffprobe. */
  readonly durationMs: number;
  readonly sealedAt: Instant;
  readonly sourceBackend: string;
  readonly sizeBytes: number;
  /** SHA-256 of the bytes, 64 lower-case hex digits. */
  readonly sha256: string;
  /** Absolute path of the bytes on the recording host. */
  readonly path: string;
  /** Where the bytes go in storage: a relative path with `/`, fixed at sealing so that every worker can find them. */
  readonly storageKey: string;
}
