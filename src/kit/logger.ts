import { type DestinationStream, destination, multistream, pino, type Logger as RootLogger } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { redactCredentials } from './redact.ts';

export type { RootLogger };
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Lines for people instead of JSON. */
  readonly pretty?: boolean;
  /** Takes one finished line; left out: standard output. */
  readonly write?: (line: string) => void;
  /** Gets every line of level info and above as JSON, whatever the level of the others. */
  readonly telemetry?: (line: string) => void;
}

/** What a line is about. Written in snake_case into every line of the child logger. */
export interface LogContext {
  readonly cameraName?: string;
  readonly clipId?: string;
  readonly recordingId?: string;
}

/** A logger that writes one JSON object per line, without credentials: secrets redact themselves, URLs are cleaned. */
export function createLogger({ level, pretty = false, write, telemetry }: LoggerOptions): RootLogger {
  // Not synchronous: a reader that stalls must not stall recording. What is buffered is written at exit, beyond the limit dropped.
  const out = write === undefined ? destination({ dest: 1, sync: false, maxLength: 16_000_000 }) : { write };
  const streams = [{ level, stream: pretty ? prettily(out) : out }];
  const all = telemetry === undefined ? streams : [...streams, { level: 'info' as const, stream: { write: telemetry } }];
  const lowest = telemetry !== undefined && (level === 'warn' || level === 'error') ? 'info' : level;
  return pino(
    {
      level: lowest,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: redactCredentials },
    },
    multistream(all),
  );
}

/** The same logger, with the context in every line. */
export function withContext(logger: RootLogger, { cameraName, clipId, recordingId }: LogContext): RootLogger {
  return logger.child({
    ...(cameraName === undefined ? {} : { camera_name: cameraName }),
    ...(clipId === undefined ? {} : { clip_id: clipId }),
    ...(recordingId === undefined ? {} : { recording_id: recordingId }),
  });
}

function prettily(out: DestinationStream): DestinationStream {
  const format = prettyFactory({
    colorize: process.stdout.isTTY === true,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,hostname',
  });
  return { write: (line) => out.write(format(line)) };
}
