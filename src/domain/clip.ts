import type { ClipId } from './ids.ts';
import type { Instant } from './instant.ts';

/** What is known of a sealed recording, wherever its bytes lie. Nothing here ever changes. */
export interface ClipFacts {
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
  /** Shared with the other clips of the same happening, where a rotation or a restart has cut it into several. */
  readonly eventId?: string;
  readonly sizeBytes: number;
  /** SHA-256 of the bytes, 64 lower-case hex digits. */
  readonly sha256: string;
  /** Where the bytes go in storage: a relative path with `/`, fixed at sealing so that every worker can find them. */
  readonly storageKey: string;
}

/** One sealed recording and where the recording host has it. */
export interface Clip extends ClipFacts {
  readonly clipId: ClipId;
  /** Absolute path of the bytes on the recording host. */
  readonly path: string;
}
