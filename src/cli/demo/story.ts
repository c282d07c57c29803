import { setTimeout as delay } from 'node:timers/promises';
import pc from 'picocolors';
import type { ClipState } from '../../domain/clip-state.ts';
import type { ClipEvent } from '../../domain/events.ts';
import { workflowIdOf } from '../../domain/ids.ts';
import type { ClipRepository } from '../../repository/clip-repository.ts';
import type { Pool } from '../../repository/pool.ts';
import { type App, endpointsOf } from '../../runtime/app.ts';
import { detailOf } from '../clips.ts';
import { printLine, printTable } from '../print.ts';
import type { AlertListener } from './received-alerts.ts';

interface Household {
  readonly app: App;
  readonly alerts: AlertListener;
  readonly store: { readonly repository: ClipRepository; readonly pool: Pool };
  readonly giveUp: AbortSignal;
}

const LOOK_AGAIN_MS = 200;

/** Tells each event of the one clip as it reaches Postgres, and each alert as it arrives. @returns its final state, or undefined when given up. */
export async function tellStory({ store, alerts, giveUp }: Household): Promise<ClipState | undefined> {
  const told = new Set<string>();
  let heard = 0;
  while (!giveUp.aborted) {
    const [state] = await firstClip(store.repository);
    for (; heard < alerts.received.length; heard += 1) tellAlert(alerts.received[heard]);
    if (state !== undefined) {
      const events = await store.repository.events(state.clipId);
      if (events.ok) for (const event of events.value) tellOnce(event, told);
      if (state.status === 'done' || state.status === 'failed' || state.status === 'parked') return state;
    }
    await delay(LOOK_AGAIN_MS, undefined, { signal: giveUp }).catch(() => undefined);
  }
  return undefined;
}

async function firstClip(repository: ClipRepository): Promise<readonly ClipState[]> {
  const page = await repository.list({}, { limit: 1 });
  return page.ok ? page.value.clips : [];
}

function tellOnce(event: ClipEvent, told: Set<string>): void {
  if (told.has(event.id)) return;
  told.add(event.id);
  printLine(`  ${pc.dim(event.timestamp.slice(11, 23))}  ${pc.cyan(event.eventType.padEnd(20))} ${detailOf(event)}`);
  if (event.eventType !== 'filter_completed') return;
  for (const { className, confidence, box, atMs } of event.detections) {
    const [x, y, width, height] = [box.x, box.y, box.width, box.height].map((part) => `${Math.round(part * 100)} %`);
    printLine(
      `  ${''.padEnd(35)}${className} ${confidence.toFixed(2)} at ${(atMs / 1000).toFixed(1)} s, box ${x} ${y}, ${width} x ${height}`,
    );
  }
}

function tellAlert(alert: AlertListener['received'][number] | undefined): void {
  if (alert === undefined) return;
  const { topic, payload } = alert;
  printLine(`\n${pc.bold(pc.yellow(`ALERT on ${topic}`))}`);
  for (const field of SHOWN)
    if (payload[field] !== undefined && payload[field] !== null) printLine(`  ${field}: ${JSON.stringify(payload[field])}`);
  printLine();
}

/** The fields that people look at first; the payload has more. */
const SHOWN = [
  'camera_name',
  'notify_reason',
  'risk_level',
  'activity_type',
  'summary',
  'storage_uri',
  'view_url',
  'ts',
  'dedupe_key',
];

interface Ending {
  readonly state: ClipState;
  readonly app: App;
  readonly alerts: AlertListener;
  readonly standIn: boolean;
}

/** What stands where, now that it is over. */
export function printEnding({ state, app, alerts, standIn }: Ending): void {
  printLine(`\n${pc.bold('In Postgres')} (clip_states)`);
  printTable(
    ['clip_id', 'status', 'seen', 'risk', 'alert'],
    [
      [
        state.clipId,
        state.status,
        state.filterResult?.detectedClasses.join(', ') ?? '',
        state.analysisResult?.riskLevel ?? '',
        state.alertDecision?.notifyReason ?? '',
      ],
    ],
  );
  printLine(`\n${pc.bold('In storage')}  ${state.storageUri ?? 'nothing'}`);
  printLine(`${pc.bold('Over MQTT')}   ${alerts.received.length} ${alerts.received.length === 1 ? 'message' : 'messages'}`);
  const ui = endpointsOf(app).temporalUiUrl;
  if (ui !== undefined)
    printLine(
      `${pc.bold('In Temporal')} ${ui}/namespaces/${app.config.temporal.namespace}/workflows/${workflowIdOf(state.clipId)}`,
    );
  if (standIn)
    printLine(
      '\nThe description came from a local stand-in that looked at no picture: set OPENAI_API_KEY or OPENAI_BASE_URL for a real one.',
    );
}
