import type { ClipId } from '../../domain/ids.ts';
import type { Instant } from '../../domain/instant.ts';
import type { Result } from '../../domain/result.ts';
import type { Finding } from './finding.ts';

/** A finished recording, offered to the spool. */
export interface Recording {
  readonly cameraName: string;
  readonly sourceBackend: string;
  /** What makes this recording itself, the same each time it is found: the clip id derives from it. */
  readonly identity: string;
  readonly recordedStartAt: Instant;
  /** Absolute path of the finished, no longer changing file. */
  readonly path: string;
  /**
   * How the spool takes the bytes: `move` for a source's own temporary file, `link` (hard link, else copy) or `copy` for a
   * file that stays where it is, `in_place` to leave the only copy there.
   */
  readonly take: 'move' | 'link' | 'copy' | 'in_place';
  /** The media's own duration, from a source that has probed the file already; left out, the spool probes it. */
  readonly durationMs?: number;
  /** The same for all recordings of one happening, which a rotation or a restart has cut into several. */
  readonly eventId?: string;
}

export interface SealedClip {
  readonly clipId: ClipId;
  /** False when the spool had this very clip already, open or finished. */
  readonly isNew: boolean;
}

export interface SealFailure {
  /**
   * `unreadable`: ffprobe finds no video in it; offering it again will not help unless the file changes. `not_now`: it changed
   * meanwhile or ffprobe could not run; offer it again. `disk`: the spool's disk is full or failing. `gone`: no such file.
   */
  readonly code: 'unreadable' | 'not_now' | 'disk' | 'gone';
  readonly message: string;
  readonly cause?: unknown;
}

/** `attached`: it is the clip's picture now. `has_one`: the clip has another one. `no_clip`: the spool has no such clip any more. */
export type SnapshotOutcome = 'attached' | 'has_one' | 'no_clip';

/** The spool as a source sees it. Sealing touches the local disk and nothing else. */
export interface ClipSink {
  /** On the spool's own file system: a file recorded here can be moved in without copying. Exists. */
  readonly scratchDir: string;
  /** Where a source keeps small files of its own (manifests). On the spool's disk; exists. */
  readonly stateDir: string;
  seal(recording: Recording): Promise<Result<SealedClip, SealFailure>>;
  /** Moves a JPEG, which is no longer changing, beside the bytes of a sealed clip. It is left where it is unless it was attached. */
  attachSnapshot(clipId: ClipId, jpegPath: string): Promise<Result<SnapshotOutcome, SealFailure>>;
}

/** A file that a source keeps but cannot turn into a clip. */
export interface SourceProblem {
  readonly path: string;
  readonly message: string;
  readonly since: Instant;
}

export const SOURCE_STATES = ['starting', 'watching', 'recording', 'reconnecting', 'offline', 'stopped'] as const;

export interface SourceStatus {
  readonly state: (typeof SOURCE_STATES)[number];
  readonly message?: string;
  readonly problems: readonly SourceProblem[];
  /** Of sources that keep a connection to a camera. */
  readonly connection?: CameraConnection;
}

/** How a source and its camera get on. */
export interface CameraConnection {
  readonly online: boolean;
  /** Since when it has been online, or away. */
  readonly since: Instant;
  /** How often the connection was lost and made again since the source started. */
  readonly reconnects: number;
  /** In words for the owner, without credentials. */
  readonly lastError?: string;
  /** What the owner should know of how the camera is used: one session only, no audio, motion from the main stream. */
  readonly notes: readonly string[];
}

/** Turns what a camera produces into sealed clips. Needs neither Temporal nor Postgres nor the network storage. */
export interface ClipSource {
  /** Returns once it is watching; a camera or folder that is away is not an error, it is awaited. */
  start(sink: ClipSink): Promise<void>;
  /** Finishes the clip in hand and returns. */
  stop(): Promise<void>;
  status(): SourceStatus;
  /** Tries out what recording takes, without being started, for an owner who sets a camera up. Left out: nothing to try. */
  diagnose?(): Promise<readonly Finding[]>;
}
