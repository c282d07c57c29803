export const NAL_IDR = 5;
export const NAL_SPS = 7;
export const NAL_PPS = 8;
const NAL_SLICE = 1;

export const nalType = (nal: Uint8Array): number => (nal[0] ?? 0) & 0x1f;

/** The NAL units of an H.264 byte stream, without start codes (ITU-T H.264, annex B). */
export function* splitNals(stream: Buffer): Generator<Buffer> {
  let begin = stream.indexOf(START_CODE);
  while (begin >= 0) {
    begin += START_CODE.length;
    const next = stream.indexOf(START_CODE, begin);
    let end = next < 0 ? stream.length : next;
    // The zero before a start code of four bytes, and padding.
    while (end > begin && stream[end - 1] === 0) end -= 1;
    yield stream.subarray(begin, end);
    begin = next;
  }
}

const START_CODE = Buffer.from([0, 0, 1]);

/** The NAL units of each picture. A slice that begins at the first macroblock begins a picture, after what precedes it. */
export function splitPictures(nals: Iterable<Buffer>): Buffer[][] {
  const pictures: Buffer[][] = [];
  let current: Buffer[] = [];
  let hasSlice = false;
  for (const nal of nals) {
    const isSlice = nalType(nal) === NAL_SLICE || nalType(nal) === NAL_IDR;
    // first_mb_in_slice is an Exp-Golomb number: a leading one bit means 0.
    const beginsPicture = !isSlice || ((nal[1] ?? 0) & 0x80) !== 0;
    if (hasSlice && beginsPicture) {
      pictures.push(current);
      current = [];
      hasSlice = false;
    }
    current.push(nal);
    hasSlice ||= isSlice;
  }
  if (hasSlice) pictures.push(current);
  return pictures;
}
