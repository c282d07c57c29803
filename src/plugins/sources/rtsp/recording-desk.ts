import type { Logger } from '../../spec/plugin.ts';
import type { FragmentFiles } from './fragment-files.ts';
import type { PartJournal } from './part-journal.ts';
import type { PartSealer } from './part-sealer.ts';
import {
  type CutOff,
  idleRecorder,
  type RecorderEffect,
  type RecorderInput,
  type RecorderSettings,
  stepRecorder,
} from './recorder.ts';

/** Where what is recorded becomes clips: the recorder's decisions, carried out in their order. */
export interface RecordingDesk {
  take(input: RecorderInput): void;
  isRecording(): boolean;
  /** Resolves when every decision so far is carried out, but for the sealing. */
  settled(): Promise<void>;
}

export interface RecordingDeskDeps {
  readonly cameraName: string;
  readonly settings: RecorderSettings;
  readonly files: FragmentFiles;
  readonly journal: PartJournal;
  readonly sealer: PartSealer;
  readonly logger: Logger;
  /** An event that an earlier process was recording when it ended. */
  readonly cutOff?: CutOff;
}

export function createRecordingDesk(deps: RecordingDeskDeps): RecordingDesk {
  const { settings, logger, cameraName } = deps;
  let state = idleRecorder(deps.cutOff);
  let work: Promise<void> = Promise.resolve();
  const carryOut = async (effect: RecorderEffect): Promise<void> => {
    try {
      await perform(deps, effect);
    } catch (cause) {
      // The journal only serves a start after a kill: recording goes on without it.
      logger.error({ camera_name: cameraName, err: cause }, 'the list of recordings in progress cannot be written');
    }
    if (effect.type === 'part_closed') deps.sealer.seal({ ...effect.part, lastSeq: effect.lastSeq });
  };
  return {
    take(input) {
      const wasRecording = state.part !== undefined;
      const [next, effects] = stepRecorder(settings, state, input);
      const ended = input.type === 'ingest_ended' ? state.ingestId : undefined;
      state = next;
      if (!wasRecording && next.part !== undefined)
        logger.info({ camera_name: cameraName, event_id: next.part.eventId }, 'recording');
      work = work.then(async () => {
        for (const effect of effects) await carryOut(effect);
        if (ended !== undefined) await deps.files.tidy(ended);
      });
    },
    isRecording: () => state.part !== undefined,
    settled: () => work,
  };
}

function perform({ journal, files }: RecordingDeskDeps, effect: RecorderEffect): Promise<void> {
  switch (effect.type) {
    case 'part_opened':
      return journal.note(effect.part);
    case 'part_closed':
      return journal.note({ ...effect.part, lastSeq: effect.lastSeq });
    case 'fragments_dropped':
      return files.remove(
        effect.ingestId,
        effect.fragments.map(({ seq }) => seq),
      );
  }
}
