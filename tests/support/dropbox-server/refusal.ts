/** An answer of 409, or another status, in Dropbox's form. */
export class Refusal extends Error {
  readonly status: number;
  readonly error: unknown;
  constructor(summary: string, error: unknown, status = 409) {
    super(summary);
    this.status = status;
    this.error = error;
  }
}
