import type { ClipState } from '../domain/clip-state.ts';
import type { ClipEvent } from '../domain/events.ts';
import { formatMs } from '../domain/format-ms.ts';
import { sizeInWords } from '../kit/size-in-words.ts';
import { detailOf, tookOf } from './event-words.ts';
import { printLine, printTable } from './print.ts';

/** What is known of a clip, for a person: its state, what went wrong, and every step so far. */
export function printStory(state: ClipState, events: readonly ClipEvent[]): void {
  printLine(`${state.clipId}  ${state.status}`);
  printLine(
    `${state.cameraName}, ${localTime(state.recordedStartAt)}, ${formatMs(state.durationMs)}, ${sizeInWords(state.sizeBytes)}`,
  );
  if (state.storageUri !== undefined) printLine(`stored: ${state.storageUri}`);
  if (state.analysisResult !== undefined) printLine(`told: ${state.analysisResult.summary}`);
  for (const { stage, errorCode, errorMessage } of state.problems) printLine(`${stage}: ${errorCode}: ${errorMessage}`);
  printLine();
  printTable(
    ['AT', 'EVENT', 'TOOK', ''],
    events.map((event) => [localTime(event.timestamp), event.eventType, tookOf(event), detailOf(event)]),
  );
}

/** In the zone of who reads it. */
export const localTime = (instant: string): string => new Date(instant).toLocaleString('sv-SE');
