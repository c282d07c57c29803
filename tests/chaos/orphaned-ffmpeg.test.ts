import { expect, it } from 'vitest';
import { processesIn } from '../support/homesec.ts';
import { openHousehold } from '../support/household.ts';
import { openTestCamera } from '../support/rtsp-camera.ts';
import { openMediaFolder } from '../support/test-media.ts';
import { waitUntil } from '../support/wait-until.ts';

const LIMIT_MS = 120_000;

it(
  'ffmpeg that a killed recorder left waiting for a silent camera is ended by the next start',
  async () => {
    // Given a recorder whose camera has gone silent, and which is patient: its ffmpeg neither write nor give up
    const media = await openMediaFolder();
    const video = await media.clip('busy.mp4', 'testsrc2=s=320x180:r=10:d=6');
    await using camera = await openTestCamera({ video, loop: true });
    const patient = { stream: { io_timeout_s: 60 }, runtime: { frame_timeout_s: 60 } };
    const config = { rtsp_url: camera.mainUrl, detect_rtsp_url: camera.subUrl, ...patient };
    await using house = await openHousehold({
      config: { cameras: [{ name: 'Front door', source: { backend: 'rtsp', config } }] },
    });
    house.start('record');
    await waitUntil('the camera is connected', () => camera.sessions() === 2, LIMIT_MS);
    camera.stall(true);
    // When it is killed, and they live on
    await house.kill('main.ts');
    const orphans = await processesIn(house.dir, 'ffmpeg');
    expect(orphans).toHaveLength(2);
    house.start('record');
    // Then the next start ends them, while the camera is still silent
    const isLeft = async (): Promise<boolean> => (await processesIn(house.dir, 'ffmpeg')).some((pid) => orphans.includes(pid));
    await waitUntil('they are gone', async () => !(await isLeft()), 20_000);
    await media.remove();
  },
  LIMIT_MS,
);
