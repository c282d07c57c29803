export { alertDesk } from './alert-desk.ts';
export { cameraWatch } from './camera-watch.ts';
export { processClip } from './process-clip.ts';
export { summarizeBacklog } from './summarize-backlog.ts';
