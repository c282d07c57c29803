import { afterAll, beforeAll } from 'vitest';
import { rtspSource } from '../../src/plugins/sources/rtsp/index.ts';
import type { ClipSource } from '../../src/plugins/spec/source.ts';
import { createTestContext } from '../support/plugin-context.ts';
import { openTestCamera } from '../support/rtsp-camera.ts';
import { type MediaFolder, openMediaFolder } from '../support/test-media.ts';
import { waitUntil } from '../support/wait-until.ts';
import { describeSource } from './source.contract.ts';

let media: MediaFolder;
let video: string;
beforeAll(async () => {
  media = await openMediaFolder();
  // Quiet, a box that crosses the picture in two seconds, and quiet.
  video = await media.clip(
    'visit.mp4',
    `color=gray:s=320x180:r=10:d=8,noise=alls=5:allf=t[a];color=white:s=60x80:r=10:d=8[b];` +
      `[a][b]overlay=x='(t-2)*150-20':y=50:enable='between(t,2,4)'`,
  );
});
afterAll(() => media.remove());

describeSource('rtsp', async () => {
  const camera = await openTestCamera({ video });
  camera.seek(4.5);
  const recording = { pre_roll_s: 0, stop_delay_s: 0.5 };
  const config = rtspSource.configSchema.parse({ rtsp_url: camera.mainUrl, detect_rtsp_url: camera.subUrl, recording });
  let source: ClipSource | undefined;
  const isReady = (): boolean => source?.status().state === 'stopped' || camera.sessions() === 2;
  return {
    open: () => {
      source = rtspSource.create(config, createTestContext({ cameraName: 'Front Door' }));
      return source;
    },
    cameraName: 'Front Door',
    backend: 'rtsp',
    record: async () => {
      // Whoever is in the picture when a source connects is part of what it takes for quiet.
      await waitUntil('connected, or stopped', isReady);
      camera.seek(0);
      await waitUntil('the end of the visit', () => camera.position() > 6.5);
    },
    dispose: async () => camera[Symbol.asyncDispose](),
  };
});
