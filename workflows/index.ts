export { alertDesk } from './alert-desk.ts';
export { backfillAnalysis } from './backfill-analysis.ts';
export { backupPostgres } from './backup-postgres.ts';
export { cameraWatch } from './camera-watch.ts';
export { processClip } from './process-clip.ts';
export { reanalyzeClip } from './reanalyze-clip.ts';
export { reconcileClips } from './reconcile-clips.ts';
export { summarizeBacklog } from './summarize-backlog.ts';
