import pc from 'picocolors';
import { formatMs } from '../../domain/format-ms.ts';
import { printLine, printTable } from '../print.ts';
import type { AlertListener } from './received-alerts.ts';
import type { Told } from './story.ts';

interface Ending extends Told {
  readonly alerts: AlertListener;
  readonly folder: string;
}

/** What stands where, now that it is over. */
export function printEnding({ state, events, alerts, folder }: Ending): void {
  const heading = (text: string) => printLine(`\n${pc.bold(text)}`);
  heading('In Postgres, table clip_states');
  const seen = state.filterResult?.detectedClasses.join(', ') ?? '';
  const alert = state.alertDecision?.notify === true ? state.alertDecision.notifyReason : 'none';
  printTable(
    ['  clip_id', 'status', 'seen', 'risk', 'alert'],
    [[`  ${state.clipId}`, state.status, seen, state.analysisResult?.riskLevel ?? '', alert]],
  );
  heading('In Postgres, table clip_events');
  printLine(`  ${events.length} rows, told above`);
  heading('In storage');
  printLine(`  ${state.storageUri ?? 'nothing'}\n  below ${folder}/storage`);
  heading('Over MQTT');
  const first = events.find((event) => event.eventType === 'notification_sent');
  if (first === undefined)
    return printLine(`  no alert: ${state.alertDecision?.notifyReason ?? 'not decided'}. A video with people in it shows more.`);
  const count = alerts.received.length === 1 ? '1 message' : `${alerts.received.length} messages`;
  const afterMs = Date.parse(first.timestamp) - Date.parse(state.sealedAt);
  printLine(`  ${count}, the first ${formatMs(afterMs)} after the clip was sealed`);
}

/** What a newcomer may want to do now. */
export function printNext({ standIn }: { readonly standIn: boolean }): void {
  printLine(`\n${pc.bold('Next')}`);
  if (standIn)
    printLine(
      '  The descriptions are by a stand-in that looks at no picture. For a real model:  OPENAI_API_KEY=... make demo\n' +
        '  or OPENAI_BASE_URL and OPENAI_MODEL for any server that speaks the OpenAI protocol.',
    );
  printLine('  A video of your own:                  make demo CLIP=path/to/video.mp4');
  printLine('  The same, kept running to look into:  make demo KEEP=1');
  printLine('  Your own household:                   cp config/homesec.example.yaml homesec.yaml, edit it, then make dev');
}
