import { expect, it } from 'vitest';
import { soakCameras } from '../support/camera-soak/soak.ts';

const MINUTES = 3;
/** The same faults each time; `node bench/camera-soak.ts` throws its dice anew. */
const SEED = Number(process.env['HOMESEC_SOAK_SEED'] ?? 104);

it(
  `cameras with a fault every few seconds lose nothing but what broke, record nothing twice, and leave nothing behind (HOMESEC_SOAK_SEED=${SEED})`,
  async () => {
    // Given two cameras, and a recorder that is killed as well
    const options = { minutes: MINUTES, seed: SEED, killRecorderEveryS: 80 };
    const story: string[] = [];
    // When one thing after the other goes wrong
    const report = await soakCameras({ ...options, say: (line) => void story.push(line) });
    // Then
    expect({ problems: report.problems, story }).toEqual({ problems: [], story });
    // And there was enough that could have been lost
    expect(report.faults).toBeGreaterThan(10);
    expect(report.clips).toBeGreaterThan(10);
    expect(report.required).toBeGreaterThan(200);
  },
  (MINUTES + 4) * 60_000,
);
