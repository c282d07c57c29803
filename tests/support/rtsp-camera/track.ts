/** What is sent at one instant: a picture, or some milliseconds of sound. */
export interface Unit {
  /** A decoder can begin here. */
  readonly keyframe: boolean;
  /** RTP payloads, each in the pieces it is made of. */
  payloads(): readonly (readonly Uint8Array[])[];
}

/** One medium of a stream. Units follow each other at a fixed rate. */
export interface Track {
  readonly payloadType: number;
  readonly clockRate: number;
  readonly unitsPerSecond: number;
  /** Its description in SDP, all but the `a=control` line. */
  readonly sdp: readonly string[];
  readonly units: readonly Unit[];
  /** Which unit stands at this place of an endless timeline; undefined when the medium has ended there. */
  indexAt(place: number): number | undefined;
}

export interface VideoTrack extends Track {
  /** Length of the content, in units. */
  readonly length: number;
  /** The keyframe with which a decoder sees the picture of a unit. */
  keyframeBefore(index: number): number;
}

/** What comes after the last picture: the picture again for ever, the first one, or the end of the connection. */
export type AtEnd = 'hold' | 'loop' | 'close';
