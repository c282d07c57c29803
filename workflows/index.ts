export { processClip } from './process-clip.ts';
