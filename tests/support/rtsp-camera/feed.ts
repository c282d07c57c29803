import type { MediaClock } from './media-clock.ts';
import type { Stamp } from './rtp-sender.ts';
import type { CameraStream } from './stream.ts';
import type { Track, Unit } from './track.ts';

/** A client that plays. */
export interface Viewer {
  /** Answers whether the unit was sent to it. */
  take(track: Track, unit: Unit, stamp: Stamp): boolean;
  /** Units are lost: a decoder can go on at the next keyframe only. */
  miss(): void;
  end(): void;
}

const LONGEST_NAP_MS = 100;

/** Gives the units of a stream to its viewers when they are due, late ones at once. Works only while somebody looks. */
export class Feed {
  readonly stream: CameraStream;
  readonly #clock: MediaClock;
  readonly #beganSeconds: number;
  readonly #beganAtMs: number;
  readonly #viewers = new Set<Viewer>();
  readonly #media: readonly TrackState[];
  #timer: NodeJS.Timeout | undefined;
  /** Frames by which the place in the video is ahead of the count of frames. */
  #shift = 0;
  /** The picture that a frozen camera repeats. */
  #frozen: Unit | undefined;
  #lastIndex = 0;

  constructor(stream: CameraStream, clock: MediaClock, beganAtMs: number) {
    this.stream = stream;
    this.#clock = clock;
    this.#beganSeconds = clock.seconds();
    this.#beganAtMs = beganAtMs;
    this.#media = stream.tracks.map((track) => ({ track, next: 0, skewTicks: 0, lastTicks: 0 }));
  }

  add(viewer: Viewer): void {
    this.#skipToNow();
    this.#viewers.add(viewer);
    this.#work();
  }

  remove(viewer: Viewer): void {
    this.#viewers.delete(viewer);
    if (this.#viewers.size > 0) return;
    clearTimeout(this.#timer);
    this.stream.sent.cut();
  }

  /** The second of the video that is due now. */
  position(): number {
    const { video } = this.stream;
    const index = video.indexAt(Math.floor(this.#seconds() * video.unitsPerSecond) + this.#shift) ?? video.length;
    return Math.min(index, video.length) / video.unitsPerSecond;
  }

  /** Goes on at the keyframe of this second. */
  seek(seconds: number): void {
    const { video } = this.stream;
    this.#skipToNow();
    const target = Math.min(Math.max(0, Math.floor(seconds * video.unitsPerSecond)), video.length - 1);
    this.#shift = video.keyframeBefore(target) - (this.#media[0]?.next ?? 0);
  }

  /** What nobody has looked at is over, all but the picture of this moment. */
  #skipToNow(): void {
    if (this.#viewers.size > 0) return;
    for (const medium of this.#media) medium.next = Math.floor(this.#seconds() * medium.track.unitsPerSecond);
  }

  #work(): void {
    clearTimeout(this.#timer);
    const nowSeconds = this.#seconds();
    for (const medium of this.#media) {
      while (this.#viewers.size > 0 && medium.next / medium.track.unitsPerSecond <= nowSeconds) this.#send(medium);
    }
    if (this.#viewers.size === 0) return;
    const waits = this.#media.map(({ next, track }) => next / track.unitsPerSecond - this.#seconds());
    this.#timer = setTimeout(() => this.#work(), Math.min(Math.max(0, Math.min(...waits) * 1000), LONGEST_NAP_MS));
  }

  #send(medium: TrackState): void {
    const { stream } = this;
    const isVideo = medium.track === stream.video;
    const place = medium.next + (isVideo ? this.#shift : 0);
    const stamp = this.#stamp(medium);
    medium.next += 1;
    const index = medium.track.indexAt(place);
    const unit = index === undefined ? undefined : medium.track.units[index];
    if (index === undefined || unit === undefined) {
      for (const viewer of this.#viewers) viewer.end();
      return;
    }
    const shown = isVideo ? this.#freeze(index, unit) : unit;
    const taken = stream.stalled ? this.#lose() : this.#give(medium.track, shown, stamp);
    if (!isVideo) return;
    if (taken) stream.sent.add(shown === unit ? index : undefined);
    else stream.sent.cut();
  }

  #give(track: Track, unit: Unit, stamp: Stamp): boolean {
    const answers = [...this.#viewers].map((viewer) => viewer.take(track, unit, stamp));
    return answers.includes(true);
  }

  #lose(): boolean {
    for (const viewer of this.#viewers) viewer.miss();
    return false;
  }

  /** The unit, or while the camera is frozen the last keyframe, up to the keyframe at which a decoder can go on. */
  #freeze(index: number, unit: Unit): Unit {
    const { video, frozen } = this.stream;
    if (frozen) this.#frozen ??= video.units[video.keyframeBefore(this.#lastIndex)];
    else if (unit.keyframe) this.#frozen = undefined;
    this.#lastIndex = index;
    return this.#frozen ?? unit;
  }

  #stamp(medium: TrackState): Stamp {
    const { next, track } = medium;
    const seconds = next / track.unitsPerSecond;
    const fault = this.stream.timestamps;
    const period = Math.floor(seconds / FAULT_PERIOD_SECONDS);
    const beginsPeriod = period !== Math.floor((next - 1) / track.unitsPerSecond / FAULT_PERIOD_SECONDS);
    if (fault === 'jump' && beginsPeriod) medium.skewTicks += 3600 * track.clockRate;
    const backTicks = fault === 'backwards' && period % 2 === 1 ? 1.5 * FAULT_PERIOD_SECONDS * track.clockRate : 0;
    const ticks = Math.round(seconds * track.clockRate) + medium.skewTicks - backTicks;
    if (fault !== 'constant') medium.lastTicks = ticks;
    return { ticks: medium.lastTicks, atMs: this.#beganAtMs + seconds * 1000 };
  }

  #seconds(): number {
    return this.#clock.seconds() - this.#beganSeconds;
  }
}

const FAULT_PERIOD_SECONDS = 1;

interface TrackState {
  readonly track: Track;
  /** Number of the next unit since the feed began. */
  next: number;
  /** What wrong timestamps have left behind. */
  skewTicks: number;
  lastTicks: number;
}
