export type StackErrorCode =
  | 'STACK_IN_USE'
  | 'STACK_PORT_TAKEN'
  | 'STACK_PART_FAILED'
  | 'POSTGRES_UNUSABLE'
  | 'TEMPORAL_NOT_FOUND'
  | 'TEMPORAL_SETUP_FAILED';

/** The embedded stack could not start; `message` says what to do about it. */
export class EmbeddedStackError extends Error {
  override readonly name = 'EmbeddedStackError';
  readonly code: StackErrorCode;

  constructor(code: StackErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
