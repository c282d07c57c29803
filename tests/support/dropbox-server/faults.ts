/** How a request goes wrong. */
export type Fault =
  /** Refused. `isEarly`: before its body was read. */
  | {
      readonly do: 'answer';
      readonly status: number;
      readonly body?: unknown;
      readonly headers?: Record<string, string>;
      readonly isEarly?: boolean;
    }
  /** The connection breaks when so much of the body has come. */
  | { readonly do: 'cut'; readonly afterBytes: number }
  /** What was asked is done, and the connection breaks before the answer. */
  | { readonly do: 'lose_answer' }
  /** Nothing is read, and nothing ever comes back. */
  | { readonly do: 'be_silent' }
  /** Each piece of the body is taken only after a while. */
  | { readonly do: 'be_slow'; readonly msPerPiece: number };

interface Planned {
  readonly pathname: string;
  readonly fault: Fault;
  /** Requests to this path that go well before. */
  skip: number;
  times: number;
}

/** What shall go wrong, in the order of being planned. */
export class Faults {
  readonly #planned: Planned[] = [];

  plan(pathname: string, fault: Fault, { skip = 0, times = 1 } = {}): void {
    this.#planned.push({ pathname, fault, skip, times });
  }

  take(pathname: string): Fault | undefined {
    const next = this.#planned.find((planned) => planned.pathname === pathname && planned.times > 0);
    if (next === undefined) return undefined;
    if (next.skip > 0) {
      next.skip -= 1;
      return undefined;
    }
    next.times -= 1;
    return next.fault;
  }
}

export const RATE_LIMITED = (retryAfterS: number, isEarly = false): Fault => ({
  do: 'answer',
  status: 429,
  body: { error_summary: 'too_many_requests/..', error: { reason: { '.tag': 'too_many_requests' }, retry_after: retryAfterS } },
  headers: { 'retry-after': String(retryAfterS) },
  isEarly,
});
