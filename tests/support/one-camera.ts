import { randomUUID } from 'node:crypto';
import { beforeEach } from 'vitest';
import { alertDeskIdOf } from '../../src/domain/alert-desk.ts';
import type { AnalysisResult } from '../../src/domain/analysis.ts';
import type { Clip } from '../../src/domain/clip.ts';
import { type ClipWorld, handleOf, PROWLER } from './clip-world.ts';

export const CALM: AnalysisResult = { ...PROWLER, riskLevel: 'medium' };

/** The clips of one camera, which is another for each test, and what it tells of them. To be called once in a test file. */
export function useOneCamera(world: () => ClipWorld) {
  let cameraName: string;
  beforeEach(() => {
    world().reset();
    cameraName = `Yard ${randomUUID()}`;
  });

  /** A clip that its camera recorded so many seconds after the first. */
  async function newClip(afterS = 0, changes: Partial<Clip> = {}): Promise<Clip> {
    const [recordedStartAt, recordedEndAt] = [afterS, afterS + 5].map((s) =>
      new Date(Date.parse('2026-11-23T12:00:00.000Z') + s * 1000).toISOString(),
    );
    return world().newClip({
      cameraName,
      recordedStartAt: recordedStartAt ?? '',
      recordedEndAt: recordedEndAt ?? '',
      ...changes,
    });
  }
  async function run(clip: Clip, plan = {}): Promise<void> {
    await world().start(clip, plan);
    await handleOf(world(), clip).result();
  }
  /** Key and revision of each alert that the channel has had. */
  const told = (channel = 'phone') =>
    world().alerts.flatMap((sent) => (sent.channel === channel ? [[sent.alert.dedupeKey, sent.alert.revision] as const] : []));
  const desk = () => world().client.workflow.getHandle(alertDeskIdOf(cameraName));
  return { newClip, run, told, desk };
}
