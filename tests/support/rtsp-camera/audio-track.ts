import { readFile } from 'node:fs/promises';
import { preparedMedia } from './prepared-media.ts';
import type { Track } from './track.ts';

const TONE_SECONDS = 8;

/** A tone with a beep every second, as cameras send sound: G.711 A-law, or AAC. */
export async function openAudioTrack(codec: 'pcma' | 'aac'): Promise<Track> {
  return codec === 'pcma' ? await openPcmaTrack() : await openAacTrack();
}

const PCMA_RATE = 8000;
/** 20 ms of sound in each packet. */
const PCMA_UNIT_BYTES = 160;

async function openPcmaTrack(): Promise<Track> {
  const sound = await tone(PCMA_RATE, ['-c:a', 'pcm_alaw', '-f', 'alaw']);
  const pieces = Array.from({ length: sound.length / PCMA_UNIT_BYTES }, (_, index) =>
    sound.subarray(index * PCMA_UNIT_BYTES, (index + 1) * PCMA_UNIT_BYTES),
  );
  return {
    payloadType: 8,
    clockRate: PCMA_RATE,
    unitsPerSecond: PCMA_RATE / PCMA_UNIT_BYTES,
    sdp: ['m=audio 0 RTP/AVP 8', 'a=rtpmap:8 PCMA/8000'],
    ...soundUnits(pieces.map((piece) => [piece])),
  };
}

const AAC_RATE = 16_000;
const AAC_UNIT_SAMPLES = 1024;
/** ISO 14496-3, 1.6.2.1: AAC LC, 16 kHz, one channel. */
const AAC_CONFIG = '1408';

async function openAacTrack(): Promise<Track> {
  const sound = await tone(AAC_RATE, ['-c:a', 'aac', '-b:a', '32k', '-f', 'adts']);
  return {
    payloadType: 97,
    clockRate: AAC_RATE,
    unitsPerSecond: AAC_RATE / AAC_UNIT_SAMPLES,
    sdp: [
      'm=audio 0 RTP/AVP 97',
      `a=rtpmap:97 MPEG4-GENERIC/${AAC_RATE}/1`,
      `a=fmtp:97 streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=${AAC_CONFIG}`,
    ],
    ...soundUnits([...splitAdts(sound)].map((frame) => [auHeader(frame.length), frame])),
  };
}

async function tone(rate: number, encoder: readonly string[]): Promise<Buffer> {
  const source = `sine=f=440:b=4:r=${rate}:d=${TONE_SECONDS}`;
  return readFile(await preparedMedia(['-f', 'lavfi', '-i', source, '-ac', '1', ...encoder], undefined));
}

function soundUnits(payloads: readonly (readonly Uint8Array[])[]): Pick<Track, 'units' | 'indexAt'> {
  return {
    units: payloads.map((payload) => ({ keyframe: true, payloads: () => [payload] })),
    indexAt: (place) => place % payloads.length,
  };
}

/** The raw frames of an ADTS stream (ISO 13818-7, 6.2): a header of 7 bytes, which holds the length of both, and the frame. */
function* splitAdts(stream: Buffer): Generator<Buffer> {
  for (let at = 0; at + 7 < stream.length; ) {
    const bytes = ((stream.readUInt8(at + 3) & 3) << 11) | (stream.readUInt16BE(at + 4) >> 5);
    yield stream.subarray(at + 7, at + bytes);
    at += bytes;
  }
}

/** RFC 3640, 3.3.6: 16 bits of headers, which are 13 bits of size and 3 of index. */
function auHeader(bytes: number): Uint8Array {
  const header = Buffer.from([0, 16, 0, 0]);
  header.writeUInt16BE(bytes << 3, 2);
  return header;
}
