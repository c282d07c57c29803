import { Counter, Gauge, type Registry } from 'prom-client';
import type { SourceStatus } from '../plugins/spec/source.ts';
import type { SpoolBacklog } from '../spool/backlog.ts';

export interface RecorderMetrics {
  sealed(cameraName: string): void;
  /** Before they are told: how spool and cameras are now. */
  update(backlog: SpoolBacklog, sources: Readonly<Record<string, SourceStatus>>): void;
}

export function createRecorderMetrics(registry: Registry): RecorderMetrics {
  const registers = [registry];
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
  const sealed = new Counter({ name: 'homesec_clips_sealed_total', help: 'Clips sealed', labelNames: ['camera'], registers });
  const online = new Gauge({ name: 'homesec_camera_online', help: 'Whether it delivers', labelNames: ['camera'], registers });
  const openClips = gauge('homesec_spool_open_clips', 'Sealed clips whose end is not recorded yet');
  const openBytes = gauge('homesec_spool_open_bytes', 'Their size');
  const oldest = gauge('homesec_spool_oldest_open_clip_seconds', 'Since the oldest of them was sealed');
  const setAside = gauge('homesec_spool_set_aside_clips', 'Clips that wait for a person');
  const free = gauge('homesec_spool_free_bytes', 'Left on the disk of the spool');
  return {
    sealed: (camera) => sealed.inc({ camera }),
    update: (backlog, sources) => {
      openClips.set(backlog.openCount);
      openBytes.set(backlog.openBytes);
      oldest.set(backlog.oldestSealedAt === undefined ? 0 : (Date.now() - Date.parse(backlog.oldestSealedAt)) / 1000);
      setAside.set(backlog.refused.length + backlog.broken.length);
      free.set(backlog.freeBytes);
      online.reset();
      for (const [camera, status] of Object.entries(sources)) online.set({ camera }, delivers(status) ? 1 : 0);
    },
  };
}

const delivers = ({ state, connection }: SourceStatus): boolean =>
  connection?.online ?? (state === 'watching' || state === 'recording');
