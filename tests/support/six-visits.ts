import { type Household, openHousehold } from './household.ts';
import { openTestCamera, type TestCamera } from './rtsp-camera.ts';
import { footage, type MediaFolder, openMediaFolder } from './test-media.ts';

/** From when until when somebody is to be seen, in seconds of the video. */
export type Visit = readonly [from: number, until: number];

export interface SixVisits {
  readonly video: string;
  readonly visits: readonly Visit[];
  readonly lastsS: number;
}

/** As a detector sees it in `one-by-one-person-detection.mp4`; the gaps between are 4.5 to 7 s long. */
export const REAL_VISITS: readonly Visit[] = [
  [6.5, 18.5],
  [23, 44],
  [50.5, 69],
  [74.5, 86],
  [93, 119],
  [123.5, 135.5],
];
/** The same rhythm in short. */
const DRAWN: readonly Visit[] = [0, 1, 2, 3, 4, 5].map((visit) => [6 + visit * 13, 13 + visit * 13] as const);

/** Real footage of six people who come one by one where it lies beside the checkout, else a drawn box that comes six times. */
async function sixVisits(media: MediaFolder): Promise<SixVisits> {
  const real = footage('one-by-one-person-detection.mp4');
  if (real !== undefined) return { video: real, visits: REAL_VISITS, lastsS: 139.4 };
  const seconds = 84;
  const times = DRAWN.map(([from, until]) => `between(t,${from},${until})`).join('+');
  const graph =
    `color=gray:s=640x360:r=10:d=${seconds},noise=alls=5:allf=t[a];color=white:s=120x160:r=10:d=${seconds}[b];` +
    `[a][b]overlay=x='mod((t-6),13)*70':y=120:enable='${times}'`;
  return { video: await media.clip('six-visits.mp4', graph), visits: DRAWN, lastsS: seconds };
}

export interface SixVisitsHouse extends AsyncDisposable {
  readonly six: SixVisits;
  readonly camera: TestCamera;
  readonly house: Household;
}

/** A camera that plays the visits, and a household that records it; not started yet. */
export async function openSixVisitsHouse(config: object = {}): Promise<SixVisitsHouse> {
  const media = await openMediaFolder();
  const six = await sixVisits(media);
  const camera = await openTestCamera({ video: six.video });
  const recording = { pre_roll_s: 2, stop_delay_s: 1 };
  const source = { backend: 'rtsp', config: { rtsp_url: camera.mainUrl, detect_rtsp_url: camera.subUrl, recording } };
  const house = await openHousehold({ config: { cameras: [{ name: 'Front door', source }], ...config } });
  return {
    six,
    camera,
    house,
    async [Symbol.asyncDispose]() {
      await house[Symbol.asyncDispose]();
      await camera[Symbol.asyncDispose]();
      await media.remove();
    },
  };
}
