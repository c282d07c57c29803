const START_OF_IMAGE = 0xffd8;
const START_OF_SCAN = 0xffda;
const END_OF_IMAGE = Buffer.from([0xff, 0xd9]);

/**
 * Whether a file holds a JPEG from its first marker to its last. Segments before the picture are stepped over by their lengths,
 * because thumbnails in them have end markers of their own; after it, cameras append what they like (ITU-T T.81, annex B).
 */
export function isWholeJpeg(file: Buffer): boolean {
  if (file.length < 4 || file.readUInt16BE(0) !== START_OF_IMAGE) return false;
  let at = 2;
  while (at + 4 <= file.length) {
    const marker = file.readUInt16BE(at);
    if (marker < 0xff00) return false;
    if (marker === START_OF_SCAN) return file.indexOf(END_OF_IMAGE, at) >= 0;
    // Any number of 0xff may stand before a marker.
    at += marker === 0xffff ? 1 : 2 + file.readUInt16BE(at + 2);
  }
  return false;
}
