/**
 * The process in which models run, started by `detector.ts`: onnxruntime blocks the thread that calls it, and a fault in its native code
 * takes its whole process along. It ends when its parent does.
 */
import type { DetectorAnswer, DetectorRequest } from './detector-messages.ts';
import { type DetectorSession, openDetectorSession } from './detector-session.ts';

let session: DetectorSession | undefined;
let queue: Promise<void> = Promise.resolve();

// A Ctrl-C or a service's stop reaches the whole group; the parent finishes its clip first and then lets us go.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('disconnect', () => process.exit(0));
// Only our parent, with the same code, writes here.
process.on('message', (request: DetectorRequest) => {
  queue = queue.then(() => serve(request)).then(send);
});

async function serve(request: DetectorRequest): Promise<DetectorAnswer> {
  const { id } = request;
  try {
    if (request.type === 'load') {
      session = await openDetectorSession(request.model, request.provider);
      return { type: 'loaded', id };
    }
    if (session === undefined) throw new Error('no model is loaded');
    const startedAt = performance.now();
    const sightings = await session.infer(request.frame);
    return { type: 'seen', id, sightings, inferenceMs: performance.now() - startedAt };
  } catch (error) {
    return { type: 'refused', id, message: error instanceof Error ? error.message : String(error) };
  }
}

function send(answer: DetectorAnswer): void {
  // The parent may be gone already; `disconnect` follows.
  process.send?.(answer, undefined, undefined, () => {});
}
