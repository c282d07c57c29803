import type { ClipId } from './ids.ts';

/** The stages of a clip whose failure the owner can retry, by the name used in messages, events and the CLI. */
export const STAGES = ['upload', 'filter', 'vlm', 'notify'] as const;
export type Stage = (typeof STAGES)[number];

interface ErrorCodeFacts {
  /** Whether trying the same thing again later can help. */
  readonly retryable: boolean;
  /** What the owner can do about it. */
  readonly remedy: string;
}

/** Every way a stage can fail. Retry policy is a total function of the code. */
export const STAGE_ERROR_CODES = {
  CLIP_MISSING: {
    retryable: false,
    remedy: 'The local bytes are gone and storage has no verified copy. Restore the file, then retry the stage.',
  },
  CLIP_CORRUPT: {
    retryable: false,
    remedy: 'The local bytes no longer match their SHA-256. Check the disk; restore the file, then retry.',
  },
  CLIP_UNREADABLE: {
    retryable: false,
    remedy: 'ffmpeg cannot decode the clip. Play the file by hand; if it plays, update ffmpeg and retry.',
  },
  CLIP_NOT_STORED_YET: { retryable: true, remedy: 'The worker shares no disk with the camera host and waits for the upload.' },
  CLIP_HOST_UNREACHABLE: {
    retryable: true,
    remedy: 'The camera host does not hand out the bytes. Check clip_server on both machines, their clocks and the network.',
  },
  STORAGE_UNREACHABLE: { retryable: true, remedy: 'Storage does not answer. Check that it is mounted or online.' },
  STORAGE_RATE_LIMITED: { retryable: true, remedy: 'Storage asked to slow down; the upload goes on by itself.' },
  STORAGE_FULL: { retryable: true, remedy: 'Free space in storage; the upload goes on by itself.' },
  STORAGE_DENIED: {
    retryable: false,
    remedy: 'Storage refused access. Check permissions and credentials, then retry the upload.',
  },
  STORAGE_CONFLICT: {
    retryable: false,
    remedy: 'Storage holds other bytes under the same key. Move them away, then retry the upload.',
  },
  STORAGE_UNVERIFIED: { retryable: true, remedy: 'The stored copy did not match the local bytes and was discarded.' },
  FILTER_MODEL_UNAVAILABLE: {
    retryable: false,
    remedy: 'Get the model with `homesec models pull`, then retry the filter.',
  },
  FILTER_CRASHED: { retryable: true, remedy: 'The detector process died. See the GPU worker log.' },
  VLM_UNREACHABLE: { retryable: true, remedy: 'The model server does not answer. Check vlm.config.base_url and the network.' },
  VLM_TIMED_OUT: {
    retryable: true,
    remedy: 'The model server was too slow. Raise vlm.config.request_timeout_s or send fewer frames.',
  },
  VLM_RATE_LIMITED: {
    retryable: true,
    remedy: 'The model server asked to slow down. Lower concurrency.vlm_workers or raise the quota.',
  },
  VLM_OVERLOADED: { retryable: true, remedy: 'The model server failed on its side.' },
  VLM_REJECTED: {
    retryable: false,
    remedy: 'The model server rejected the request. Check model name, API key and quota, then retry vlm.',
  },
  VLM_REFUSED: { retryable: false, remedy: 'The model refused to describe the clip.' },
  VLM_REPLY_INVALID: { retryable: true, remedy: 'The model did not answer in the schema. A stronger model may.' },
  NOTIFY_UNREACHABLE: { retryable: true, remedy: 'The channel does not answer. Check the broker or service.' },
  NOTIFY_TIMED_OUT: { retryable: true, remedy: 'The channel took the alert but did not confirm it in time.' },
  NOTIFY_BUSY: {
    retryable: true,
    remedy: 'Another clip of the same visit is just being told over the channel; this one follows by itself.',
  },
  NOTIFY_REJECTED: {
    retryable: false,
    remedy: 'The channel refused the alert. Check its credentials and settings, then retry notify.',
  },
  CHANNEL_UNKNOWN: { retryable: false, remedy: 'The clip names a notification channel that the configuration no longer has.' },
  SECRET_MISSING: {
    retryable: false,
    remedy: 'Set the environment variable that the configuration names, restart the worker, then retry.',
  },
  STAGE_TIMED_OUT: { retryable: false, remedy: 'No worker finished the stage in time. See that its worker runs, then retry.' },
  OVERRIDE_REFUSED: {
    retryable: false,
    remedy: 'The configuration has changed since the backfill was started. Start another one with settings that fit it.',
  },
  PLUGIN_UNUSABLE: {
    retryable: true,
    remedy: 'Its software is incomplete or faulty: install it anew, or update it, then restart the worker.',
  },
  UNEXPECTED: { retryable: true, remedy: 'A defect in HomeSec or a plugin. The cause is in the event and in the log.' },
} as const satisfies Readonly<Record<string, ErrorCodeFacts>>;
export type StageErrorCode = keyof typeof STAGE_ERROR_CODES;

export const isRetryable = (code: StageErrorCode): boolean => STAGE_ERROR_CODES[code].retryable;
export const remedyOf = (code: StageErrorCode): string => STAGE_ERROR_CODES[code].remedy;

/** One link of an error's cause chain, outermost first. Never a stack: histories are small. */
export interface ErrorCause {
  readonly name: string;
  readonly message: string;
  /** The system's own code, such as `ECONNREFUSED`. */
  readonly code?: string;
}

/** What a plugin answers when it could not do its work. */
export interface PluginFailure {
  readonly code: StageErrorCode;
  /** One sentence: what was tried, and what came back. No secrets. */
  readonly message: string;
  readonly causes: readonly ErrorCause[];
  /** When the other side said how long to wait. */
  readonly retryAfterMs?: number;
}

interface ClipStageError extends PluginFailure {
  readonly clipId: ClipId;
  readonly backend: string;
}
export interface UploadError extends ClipStageError {
  readonly kind: 'UploadError';
  readonly storageKey: string;
}
export interface FilterError extends ClipStageError {
  readonly kind: 'FilterError';
}
export interface VLMError extends ClipStageError {
  readonly kind: 'VLMError';
}
export interface NotifyError extends PluginFailure {
  readonly kind: 'NotifyError';
  /** Missing where the alert is of a camera. */
  readonly clipId?: ClipId;
  readonly backend: string;
  readonly channel: string;
}
export type StageError = UploadError | FilterError | VLMError | NotifyError;

/** Histories keep errors for a month: a server's page of HTML has no place in them. */
const MAX_MESSAGE_LENGTH = 500;
const shortened = (message: string): string =>
  message.length > MAX_MESSAGE_LENGTH ? `${message.slice(0, MAX_MESSAGE_LENGTH - 1)}…` : message;

/** Makes a failure, keeping the cause chain of whatever was caught (at most 8 links). Long messages are cut. */
export function pluginFailure(code: StageErrorCode, message: string, cause?: unknown, retryAfterMs?: number): PluginFailure {
  return { code, message: shortened(message), causes: causesOf(cause), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** The cause chain of anything thrown, outermost first. */
export function causesOf(thrown: unknown): ErrorCause[] {
  const causes: ErrorCause[] = [];
  let link: unknown = thrown;
  while (link !== undefined && link !== null && causes.length < 8) {
    causes.push(describeCause(link));
    link = link instanceof Error ? link.cause : undefined;
  }
  return causes;
}

function describeCause(thrown: unknown): ErrorCause {
  if (!(thrown instanceof Error)) return { name: 'Error', message: shortened(String(thrown)) };
  const code = 'code' in thrown && typeof thrown.code === 'string' ? { code: thrown.code } : {};
  return { name: thrown.name, message: shortened(thrown.message), ...code };
}
