/** A part of the video's timeline that went out without a gap. Seconds of the timeline; `toSecond` is the end of the last frame. */
export interface SentSpan {
  readonly fromSecond: number;
  readonly toSecond: number;
  readonly firstFrameAtMs: number;
  readonly lastFrameAtMs: number;
}

/** What a stream has sent since the camera started. A frame that several clients took counts once. */
export interface Sent {
  readonly frames: number;
  /** Wall time; 0 before the first. */
  readonly lastFrameAtMs: number;
  /** Frames of a frozen picture are in none of them. */
  readonly spans: readonly SentSpan[];
}

export class SentLog {
  readonly #fps: number;
  readonly #spans: SentSpan[] = [];
  #frames = 0;
  #lastFrameAtMs = 0;
  #lastIndex = -2;

  constructor(fps: number) {
    this.#fps = fps;
  }

  /** @param index of the frame in the video; undefined when it was a repetition. */
  add(index: number | undefined): void {
    const atMs = Date.now();
    this.#frames += 1;
    this.#lastFrameAtMs = atMs;
    if (index !== undefined) this.#extend(index, atMs);
    this.#lastIndex = index ?? -2;
  }

  read(): Sent {
    return { frames: this.#frames, lastFrameAtMs: this.#lastFrameAtMs, spans: [...this.#spans] };
  }

  /** What follows, if anything, is not joined to what went before. */
  cut(): void {
    this.#lastIndex = -2;
  }

  #extend(index: number, atMs: number): void {
    const toSecond = (index + 1) / this.#fps;
    const last = index === this.#lastIndex + 1 ? this.#spans.pop() : undefined;
    const begin = last ?? { fromSecond: index / this.#fps, firstFrameAtMs: atMs };
    this.#spans.push({ ...begin, toSecond, lastFrameAtMs: atMs });
  }
}
