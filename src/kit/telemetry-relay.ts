/** Passes log lines on to whoever stores them, once there is somebody. */
export interface TelemetryRelay {
  readonly write: (line: string) => void;
  /** From now on lines go there; what came before is not kept. */
  readonly attach: (store: (line: string) => void) => void;
}

export function createTelemetryRelay(): TelemetryRelay {
  let store: ((line: string) => void) | undefined;
  return {
    write: (line) => store?.(line),
    attach: (next) => {
      store = next;
    },
  };
}
