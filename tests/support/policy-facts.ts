import type { AnalysisResult } from '../../src/domain/analysis.ts';
import type { FilterResult } from '../../src/domain/detection.ts';
import { createClipId } from '../../src/domain/ids.ts';
import type { Known } from '../../src/domain/known.ts';
import type { RiskLevel } from '../../src/domain/risk.ts';

const clipId = createClipId('2026-11-23T02:27:00.000Z', 'Front Door', '0123456789abcdef');

/** A filter result with one detection of each class. */
export const filterResult = (detectedClasses: readonly string[]): FilterResult => ({
  detectedClasses,
  confidence: detectedClasses.length === 0 ? 0 : 0.87,
  model: 'yolox_nano_416',
  modelSha256: 'a'.repeat(64),
  sampledFrames: 20,
  detections: detectedClasses.map((className, index) => ({
    className,
    confidence: 0.87,
    box: { x: 0.1, y: 0.1, width: 0.2, height: 0.5 },
    atMs: 3000 + index * 500,
  })),
});

export const analysisResult = (riskLevel: RiskLevel, activityType: string): AnalysisResult => ({
  riskLevel,
  activityType,
  summary: 'Somebody walks by.',
  model: 'some-model',
  promptVersion: '1',
});

export const filterFailed: Known<never> = {
  state: 'failed',
  error: { kind: 'FilterError', code: 'FILTER_CRASHED', message: 'gone', causes: [], clipId, backend: 'yolo' },
};

export const vlmFailed: Known<never> = {
  state: 'failed',
  error: { kind: 'VLMError', code: 'VLM_UNREACHABLE', message: 'refused', causes: [], clipId, backend: 'openai' },
};
