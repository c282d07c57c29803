/** A stored row that this version cannot read: damaged, or written by a newer one. It is left alone and reported. */
export interface UnreadableRow {
  readonly table: 'clip_events' | 'clip_states';
  readonly id: string;
  readonly clipId: string;
  /** What is wrong with it, for a log. */
  readonly problem: string;
}

export type OnUnreadable = (row: UnreadableRow) => void;
