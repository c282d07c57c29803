import type { ClipSink, ClipSource, Recording, SealedClip, SourceProblem, SourceStatus } from '../../src/plugins/spec/source.ts';

const RETRY_MS = 20;

/** Records what a test feeds it. What could not be sealed for the disk's sake is offered again until it is. */
export class FedSource implements ClipSource {
  readonly #waiting: Recording[] = [];
  readonly #problems: SourceProblem[] = [];
  #sink: ClipSink | undefined;
  #state: SourceStatus['state'] = 'starting';
  #work: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  /** Resolves with the sealed clips when all that was fed until now has been offered. */
  feed(...recordings: Recording[]): Promise<readonly SealedClip[]> {
    this.#waiting.push(...recordings);
    return this.#offerAll();
  }

  async start(sink: ClipSink): Promise<void> {
    this.#sink = sink;
    this.#state = 'watching';
    await this.#offerAll();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#sink = undefined;
    this.#state = 'stopped';
    await this.#work;
  }

  status(): SourceStatus {
    return { state: this.#state, problems: [...this.#problems] };
  }

  #offerAll(): Promise<readonly SealedClip[]> {
    const offered = this.#work.then(() => this.#offerWaiting());
    this.#work = offered;
    return offered;
  }

  async #offerWaiting(): Promise<readonly SealedClip[]> {
    const sealed: SealedClip[] = [];
    const retries: Recording[] = [];
    for (let recording = this.#next(); recording !== undefined; recording = this.#next()) {
      const result = await this.#sink?.seal(recording);
      if (result === undefined || (!result.ok && result.error.code === 'disk')) retries.push(recording);
      else if (result.ok) sealed.push(result.value);
      else this.#problems.push({ path: recording.path, message: result.error.message, since: new Date().toISOString() });
    }
    this.#waiting.push(...retries);
    if (retries.length > 0 && this.#sink !== undefined) this.#timer = setTimeout(() => void this.#offerAll(), RETRY_MS);
    return sealed;
  }

  #next(): Recording | undefined {
    return this.#sink === undefined ? undefined : this.#waiting.shift();
  }
}
