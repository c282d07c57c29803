import { randomInt } from 'node:crypto';
import type { Track, Unit } from './track.ts';

const UINT32 = 2 ** 32;
const REPORT_EVERY_SECONDS = 5;
/** Seconds from 1900, where NTP begins, to 1970. */
const NTP_EPOCH_SECONDS = 2_208_988_800;

/** Where a unit stands: `ticks` is what its timestamp says, `atMs` when it really was. */
export interface Stamp {
  readonly ticks: number;
  readonly atMs: number;
}

/** Makes the bytes of one track for one client, as RTP and RTCP inside of RTSP (RFC 3550; RFC 2326, 10.12). */
export class RtpSender {
  readonly #track: Track;
  readonly #channel: number;
  readonly #source = randomInt(UINT32);
  readonly #firstTicks = randomInt(UINT32);
  #sequence = randomInt(2 ** 16);
  #reportedAtMs = Number.NEGATIVE_INFINITY;
  #packets = 0;
  #bytes = 0;

  constructor(track: Track, channel: number) {
    this.#track = track;
    this.#channel = channel;
  }

  pack(unit: Unit, stamp: Stamp): Buffer {
    const payloads = unit.payloads();
    const parts = this.#report(stamp);
    for (const [index, payload] of payloads.entries()) {
      const bytes = payload.reduce((sum, piece) => sum + piece.length, 0);
      parts.push(this.#header(bytes, stamp.ticks, index === payloads.length - 1), ...payload);
      this.#packets += 1;
      this.#bytes += bytes;
    }
    return Buffer.concat(parts);
  }

  #header(bytes: number, ticks: number, last: boolean): Buffer {
    const header = Buffer.alloc(16);
    header.write('$');
    header.writeUInt8(this.#channel, 1);
    header.writeUInt16BE(12 + bytes, 2);
    header.writeUInt8(0x80, 4);
    header.writeUInt8((last ? 0x80 : 0) | this.#track.payloadType, 5);
    header.writeUInt16BE(this.#sequence, 6);
    header.writeUInt32BE(this.#timestamp(ticks), 8);
    header.writeUInt32BE(this.#source, 12);
    this.#sequence = (this.#sequence + 1) % 2 ** 16;
    return header;
  }

  /** A sender report, when one is due: by it a client knows which picture belongs to which sound. */
  #report({ ticks, atMs }: Stamp): Uint8Array[] {
    if (atMs - this.#reportedAtMs < REPORT_EVERY_SECONDS * 1000) return [];
    this.#reportedAtMs = atMs;
    const report = Buffer.alloc(32);
    report.write('$');
    report.writeUInt8(this.#channel + 1, 1);
    report.writeUInt16BE(28, 2);
    report.writeUInt8(0x80, 4);
    report.writeUInt8(200, 5);
    report.writeUInt16BE(6, 6);
    report.writeUInt32BE(this.#source, 8);
    report.writeUInt32BE(Math.floor(atMs / 1000) + NTP_EPOCH_SECONDS, 12);
    report.writeUInt32BE(Math.floor(((atMs % 1000) / 1000) * UINT32), 16);
    report.writeUInt32BE(this.#timestamp(ticks), 20);
    report.writeUInt32BE(this.#packets % UINT32, 24);
    report.writeUInt32BE(this.#bytes % UINT32, 28);
    return [report];
  }

  #timestamp(ticks: number): number {
    const wrapped = (this.#firstTicks + ticks) % UINT32;
    return wrapped < 0 ? wrapped + UINT32 : wrapped;
  }
}
