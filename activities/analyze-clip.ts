import { Context } from '@temporalio/activity';
import type { Activities } from '../src/domain/activities.ts';
import { err } from '../src/domain/result.ts';
import type { Analyzer } from '../src/plugins/spec/analyzer.ts';
import { type ClipBytesDeps, withClipBytes } from './clip-bytes.ts';
import { heartbeat } from './heartbeat.ts';
import { storageCall } from './storage-call.ts';

export interface AnalyzeDeps extends ClipBytesDeps {
  readonly analyzer: Analyzer;
  readonly analyzerBackend: string;
}

export function createAnalyzeClip({ analyzer, analyzerBackend, ...bytes }: AnalyzeDeps): Activities['analyzeClip'] {
  return async ({ filter, ...source }) => {
    const context = Context.current();
    const { clipId, cameraName, recordedStartAt, durationMs } = source.clip;
    const request = {
      ...{ clipId, cameraName, recordedStartAt, durationMs },
      ...(filter === undefined ? {} : { filter }),
      signal: context.cancellationSignal,
      onProgress: () => heartbeat(context),
    };
    const told = await withClipBytes(bytes, source, storageCall(context), (path) => analyzer.analyze({ path, ...request }));
    return told.ok ? told : err({ kind: 'VLMError', clipId, backend: analyzerBackend, ...told.error });
  };
}
