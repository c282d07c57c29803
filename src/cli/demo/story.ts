import { setTimeout as delay } from 'node:timers/promises';
import pc from 'picocolors';
import type { ClipState } from '../../domain/clip-state.ts';
import type { Detection } from '../../domain/detection.ts';
import type { ClipEvent } from '../../domain/events.ts';
import type { ClipRepository } from '../../repository/clip-repository.ts';
import { detailOf, tookOf } from '../event-words.ts';
import { printLine } from '../print.ts';
import type { AlertListener, ReceivedAlert } from './received-alerts.ts';

interface Scene {
  readonly repository: ClipRepository;
  readonly alerts: AlertListener;
  readonly giveUp: AbortSignal;
}

export interface Told {
  readonly state: ClipState;
  readonly events: readonly ClipEvent[];
}

const LOOK_AGAIN_MS = 200;

/** Tells each event of the one clip as it reaches Postgres, and each alert as received. @returns how it ended, or undefined when given up. */
export async function tellStory({ repository, alerts, giveUp }: Scene): Promise<Told | undefined> {
  const told = new Set<string>();
  let toldAlerts = 0;
  while (!giveUp.aborted) {
    const clip = await theOneClip(repository);
    for (const event of clip?.events ?? []) {
      if (told.has(event.id)) continue;
      told.add(event.id);
      tellEvent(event);
    }
    const sent = clip?.events.filter((event) => event.eventType === 'notification_sent').length ?? 0;
    for (const alert of alerts.received.slice(toldAlerts, sent)) {
      toldAlerts += 1;
      tellAlert(alert);
    }
    if (clip !== undefined && isOver(clip.state) && toldAlerts === sent) return clip;
    await delay(LOOK_AGAIN_MS, undefined, { signal: giveUp }).catch(() => undefined);
  }
  return undefined;
}

const isOver = ({ status }: ClipState): boolean => status === 'done' || status === 'failed' || status === 'parked';

/** Undefined while Postgres has none, or no tables yet. */
async function theOneClip(repository: ClipRepository): Promise<Told | undefined> {
  const page = await repository.list({}, { limit: 1 });
  const state = page.ok ? page.value.clips[0] : undefined;
  if (state === undefined) return undefined;
  const events = await repository.events(state.clipId);
  return { state, events: events.ok ? events.value : [] };
}

function tellEvent(event: ClipEvent): void {
  const at = new Date(event.timestamp).toTimeString().slice(0, 8);
  const took = tookOf(event).padStart(7);
  printLine(`  ${pc.dim(at)}  ${pc.cyan(event.eventType.padEnd(19))}  ${took}  ${detailOf(event)}`.trimEnd());
  if (event.eventType === 'filter_completed') for (const detection of event.detections) printLine(INDENT + boxOf(detection));
}

/** As far as the details of an event. */
const INDENT = ' '.repeat(42);

function boxOf({ className, confidence, box, atMs }: Detection): string {
  const [x, y, width, height] = [box.x, box.y, box.width, box.height].map((part) => `${Math.round(part * 100)} %`);
  return `${className} ${confidence.toFixed(2)} at ${(atMs / 1000).toFixed(1)} s, box: x ${x}, y ${y}, width ${width}, height ${height}`;
}

/** The fields that people look at first; the payload has more. */
const SHOWN = ['notify_reason', 'risk_level', 'activity_type', 'summary', 'storage_uri', 'view_url', 'ts'];

function tellAlert({ topic, payload }: ReceivedAlert): void {
  printLine(`\n  ${pc.bold(pc.yellow('ALERT'))} received over MQTT on ${pc.bold(topic)}`);
  for (const field of SHOWN) {
    const value = payload[field];
    if (typeof value === 'string') printLine(`    ${field.padEnd(14)} ${value}`);
  }
}
