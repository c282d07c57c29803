import { EXIT } from './exit-codes.ts';

/**
 * Aborts when this process is asked to end: by SIGINT, SIGTERM or SIGHUP, or because the parent that supervises it is gone.
 * A second Ctrl-C ends it at once.
 */
export function openStopSignal(): AbortSignal {
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.on('SIGINT', () => {
    // Children are asked to end by the exit itself.
    if (stopping.signal.aborted) process.exit(EXIT.failed);
    stop();
  });
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  // A supervised process has a channel to its parent; without it nobody would ever stop this one.
  process.on('disconnect', stop);
  // To listen to it is no reason to stay when all work is done.
  process.channel?.unref();
  return stopping.signal;
}
