/** How a time in a name is to be read. */
export type FileNameTime = 'local' | 'utc' | 'ignore';

/** `2026-11-26_00-41-20`, `20261126004120123`, `2026/11/26/00.41.20`: digits in a row, or with one sign between them. */
const WHOLE = /(?<!\d)(20\d\d)[-_.]?(\d\d)[-_.]?(\d\d)[-_. T/]?(\d\d)[-_.:]?(\d\d)[-_.:]?(\d\d)(?:[-_.]?(\d{3}))?(?!\d)/;
/** `2026-11-26/001/dav/00/00.41.20-00.42.10.mp4`: the day is a folder, the time begins the name. */
const APART = /(?<!\d)(20\d\d)[-_./]?(\d\d)[-_./]?(\d\d)(?!\d).*\/(\d\d)[-_.:]?(\d\d)[-_.:]?(\d\d)(?!\d)[^/]*$/;

/** A camera that was offline for long still says when it recorded; one without a clock says anything. */
const LONGEST_AGO_MS = 30 * 24 * 3_600_000;
/** How far a camera's clock may be ahead. */
const CLOCK_SLACK_MS = 60_000;

/**
 * The time that a camera put into a file's name or folder.
 * @param name with `/`, below the camera's root.
 * @param writtenMs when the file was written: a time after that, or long before, is not believed.
 * @returns milliseconds since 1970; undefined when there is none.
 */
export function timeInFileName(name: string, as: FileNameTime, writtenMs: number): number | undefined {
  const match = as === 'ignore' ? null : (WHOLE.exec(name) ?? APART.exec(name));
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0] = match
    .slice(1)
    .map((digits) => Number(digits ?? 0));
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59) return undefined;
  const atMs =
    as === 'utc'
      ? Date.UTC(year, month - 1, day, hour, minute, second, ms)
      : new Date(year, month - 1, day, hour, minute, second, ms).getTime();
  return atMs > writtenMs + CLOCK_SLACK_MS || atMs < writtenMs - LONGEST_AGO_MS ? undefined : atMs;
}
