/** A moment as ISO 8601 in UTC with milliseconds: `2026-11-23T02:27:00.123Z`. Sorts as text. */
export type Instant = string;
