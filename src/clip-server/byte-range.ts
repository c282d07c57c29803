import { err, ok, type Result } from '../domain/result.ts';

/** Both inclusive, from 0. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * What a request's `Range` header asks for, by RFC 9110: undefined when that is the whole, also for anything but one range of
 * bytes. `unsatisfiable`: nothing of the file lies in it.
 */
export function parseByteRange(header: string | undefined, sizeBytes: number): Result<ByteRange | undefined, 'unsatisfiable'> {
  const parts = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  const [first, last] = [parts?.[1] ?? '', parts?.[2] ?? ''];
  if (first === '' && last === '') return ok(undefined);
  const start = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  if (start >= sizeBytes || (first === '' && Number(last) === 0)) return err('unsatisfiable');
  return ok(start <= end ? { start, end } : undefined);
}
