export interface FrameTimesRequest {
  readonly durationMs: number;
  readonly maxFrames: number;
  /** Where the filter saw something, best first. */
  readonly sightingsMs: readonly number[];
}

/** Two frames nearer to each other than this show the same. */
const MIN_GAP_MS = 200;
/** The last frame of a clip begins a little before the clip's end; cameras record at 4 frames per second or more. */
const TAIL_MS = 250;
/** Where to look around a sighting: itself, then before and after it. */
const AROUND_MS = [0, -1000, 1000, -2000, 2000, -4000, 4000];

/**
 * Media times of the frames to show a model, rising, each at least 200 ms after the one before.
 * Without sightings they are spread evenly from the first frame to the last. With sightings half of them are, and the
 * others stand at and around the sightings; what is left over halves the widest gaps. A single frame shows the best
 * sighting, or the middle.
 */
export function selectFrameTimes({ durationMs, maxFrames, sightingsMs }: FrameTimesRequest): number[] {
  const tailMs = Math.max(0, Math.round(durationMs) - TAIL_MS);
  const sightings = sightingsMs.filter(Number.isFinite).map((atMs) => clamp(Math.round(atMs), tailMs));
  const room = Math.min(maxFrames, Math.floor(tailMs / MIN_GAP_MS) + 1);
  if (room <= 1) return [sightings[0] ?? Math.round(tailMs / 2)];
  if (sightings.length === 0) return evenly(room, tailMs);

  const chosen = evenly(Math.max(2, Math.ceil(room / 2)), tailMs);
  for (const offsetMs of AROUND_MS) {
    for (const sightingMs of sightings) {
      if (chosen.length < room) chooseIfApart(chosen, clamp(sightingMs + offsetMs, tailMs));
    }
  }
  while (chosen.length < room && halveWidestGap(chosen)) {}
  return chosen.toSorted((a, b) => a - b);
}

/** A moment of a clip as models and consumers are told: `HH:MM:SS.cc`. */
export function formatMediaTime(atMs: number): string {
  const centiseconds = Math.floor(atMs / 10);
  const part = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const seconds = centiseconds / 100;
  return `${part(seconds / 3600)}:${part((seconds / 60) % 60)}:${part(seconds % 60)}.${part(centiseconds % 100)}`;
}

const clamp = (atMs: number, tailMs: number): number => Math.min(Math.max(atMs, 0), tailMs);

const evenly = (count: number, tailMs: number): number[] =>
  Array.from({ length: count }, (_, index) => Math.round((index * tailMs) / (count - 1)));

function chooseIfApart(chosen: number[], atMs: number): void {
  if (chosen.every((other) => Math.abs(other - atMs) >= MIN_GAP_MS)) chosen.push(atMs);
}

/** @returns false when every gap is too narrow. */
function halveWidestGap(chosen: number[]): boolean {
  const rising = chosen.toSorted((a, b) => a - b);
  const gaps = rising.slice(1).map((toMs, index) => ({ fromMs: rising[index] ?? 0, toMs }));
  const widest = gaps.reduce((a, b) => (b.toMs - b.fromMs > a.toMs - a.fromMs ? b : a), { fromMs: 0, toMs: 0 });
  if (widest.toMs - widest.fromMs < 2 * MIN_GAP_MS) return false;
  chosen.push(Math.round((widest.fromMs + widest.toMs) / 2));
  return true;
}
