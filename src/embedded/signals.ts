const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

type Close = () => Promise<void>;

const closers = new Set<Close>();

/**
 * Calls `close` when a signal is about to end this process, and lets the signal do so afterwards. Where the application listens
 * to the signal itself, the way down is the application's: nothing happens. Undone by what is returned.
 */
export function closeOnSignals(close: Close): () => void {
  if (closers.size === 0) for (const signal of SIGNALS) process.on(signal, onSignal);
  closers.add(close);
  return () => {
    closers.delete(close);
    if (closers.size === 0) for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}

function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1 + libraryListeners()) return;
  void Promise.allSettled([...closers].map((close) => close())).finally(() => {
    process.kill(process.pid, signal);
    // With a library still listening the signal comes by the event loop, which has nothing else to stay for by now.
    setTimeout(() => process.exit(1), 5_000);
  });
}

/**
 * signal-exit (below proper-lockfile) listens only to clean up, and waits for everybody else to go first: it is no application.
 * It keeps the number of its listeners on `process`, for copies of itself to find.
 */
function libraryListeners(): number {
  const emitter: unknown = Reflect.get(process, '__signal_exit_emitter__');
  return typeof emitter === 'object' && emitter !== null && 'count' in emitter && typeof emitter.count === 'number'
    ? emitter.count
    : 0;
}
