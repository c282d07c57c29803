import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { NAL_IDR, NAL_PPS, NAL_SPS, nalType, splitNals, splitPictures } from './annex-b.ts';
import { preparedMedia } from './prepared-media.ts';
import type { AtEnd, Unit, VideoTrack } from './track.ts';

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** How libx264 makes it; fast, and as many bits as that takes, when left out. */
  readonly encoding?: readonly string[] | undefined;
}

export interface VideoSettings extends Picture {
  readonly gopSeconds: number;
  readonly atEnd: AtEnd;
}

/** Size and rate of a video file, the rate as a whole number. */
export async function pictureOf(path: string): Promise<Picture> {
  const entries = ['-select_streams', 'v:0', '-show_entries', 'stream=width,height,avg_frame_rate'];
  const { stdout } = await promisify(execFile)('ffprobe', ['-v', 'error', ...entries, '-of', 'csv=p=0', path]);
  const [width, height, rate] = stdout.trim().split(',');
  const [frames, seconds] = (rate ?? '').split('/');
  return { width: Number(width), height: Number(height), fps: Math.round(Number(frames) / Number(seconds)) };
}

/** Reads a video file as H.264 without B-frames, with a keyframe at every `gopSeconds`. */
export async function openVideoTrack(path: string, settings: VideoSettings): Promise<VideoTrack> {
  const { width, height, fps, gopSeconds, encoding = ['-preset', 'superfast'] } = settings;
  const gop = Math.max(1, Math.round(gopSeconds * fps));
  // The last picture is kept for two groups: one of them is whole, and can be repeated without a change in the picture.
  const filter = `fps=${fps},scale=${width}:${height},setsar=1,tpad=stop_mode=clone:stop=${2 * gop}`;
  const keyframes = ['-bf', '0', '-g', `${gop}`, '-keyint_min', `${gop}`, '-sc_threshold', '0'];
  const encoder = ['-c:v', 'libx264', ...encoding, '-pix_fmt', 'yuv420p', ...keyframes, '-f', 'h264'];
  const prepared = await preparedMedia(['-i', path, '-an', '-vf', filter, ...encoder], await readFile(path));
  return createVideoTrack(await readFile(prepared), { gop, fps, atEnd: settings.atEnd });
}

function createVideoTrack(stream: Buffer, shape: { gop: number; fps: number; atEnd: AtEnd }): VideoTrack {
  const { gop, fps, atEnd } = shape;
  const pictures = splitPictures(splitNals(stream));
  const length = pictures.length - 2 * gop;
  const wholeGroups = Math.ceil(length / gop) * gop;
  const lastGroup = Math.floor(pictures.length / gop) * gop - gop;
  return {
    payloadType: 96,
    clockRate: 90_000,
    unitsPerSecond: fps,
    sdp: describeVideo(pictures[0] ?? [], fps),
    units: pictures.map(createPictureUnit),
    length,
    keyframeBefore: (index) => index - (index % gop),
    indexAt: (place) => {
      if (atEnd === 'loop') return place % wholeGroups;
      if (place < lastGroup + gop && (atEnd === 'hold' || place < length)) return place;
      return atEnd === 'hold' ? lastGroup + ((place - lastGroup) % gop) : undefined;
    },
  };
}

const createPictureUnit = (nals: readonly Buffer[]): Unit => ({
  keyframe: nals.some((nal) => nalType(nal) === NAL_IDR),
  payloads: () => nals.flatMap(fragment),
});

/** RFC 6184, 8: a decoder may be given its parameters before the first picture. */
function describeVideo(picture: readonly Buffer[], fps: number): string[] {
  const sps = picture.find((nal) => nalType(nal) === NAL_SPS);
  const pps = picture.find((nal) => nalType(nal) === NAL_PPS);
  if (sps === undefined || pps === undefined) throw new Error('a video without parameter sets');
  const sets = `${sps.toString('base64')},${pps.toString('base64')}`;
  return [
    'm=video 0 RTP/AVP 96',
    'a=rtpmap:96 H264/90000',
    `a=fmtp:96 packetization-mode=1;profile-level-id=${sps.toString('hex', 1, 4)};sprop-parameter-sets=${sets}`,
    `a=framerate:${fps}`,
  ];
}

const PAYLOAD_BYTES = 1400;
const FU_A = 28;

/** RFC 6184, 5.6 and 5.8: a small NAL unit is a payload as it is, a large one goes in fragments (FU-A). */
function fragment(nal: Buffer): Uint8Array[][] {
  if (nal.length <= PAYLOAD_BYTES) return [[nal]];
  const header = nal.readUInt8(0);
  const fragments: Uint8Array[][] = [];
  for (let at = 1; at < nal.length; at += PAYLOAD_BYTES) {
    const start = at === 1 ? 0x80 : 0;
    const end = at + PAYLOAD_BYTES >= nal.length ? 0x40 : 0;
    const fuHeader = Uint8Array.of((header & 0xe0) | FU_A, start | end | (header & 0x1f));
    fragments.push([fuHeader, nal.subarray(at, at + PAYLOAD_BYTES)]);
  }
  return fragments;
}
