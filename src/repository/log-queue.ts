/** A log line on its way to the table `logs`. */
export interface LogRecord {
  readonly ts: string;
  readonly payload: object;
}

/** A bounded queue that refuses what is too much and counts it. */
export interface LogQueue {
  readonly offer: (line: string) => void;
  readonly size: () => number;
  /** The oldest records; they stay until settled. */
  readonly next: (count: number) => readonly LogRecord[];
  readonly settle: (count: number, outcome: 'written' | 'refused') => void;
  readonly droppedCount: () => number;
}

/** The logger writes the level first, and never a bare quote inside a value. */
const WORTH_KEEPING = /^\{"level":"(?:warn|error|fatal)"|"event_type":/;

export function createLogQueue(capacity: number): LogQueue {
  const records: LogRecord[] = [];
  let dropped = 0;
  let reported = 0;

  function reportDropped(): void {
    if (dropped === reported) return;
    const payload = { level: 'warn', event_type: 'log_records_dropped', count: dropped - reported };
    reported = dropped;
    records.push({ ts: new Date().toISOString(), payload });
  }

  return {
    offer: (line) => {
      if (!WORTH_KEEPING.test(line)) return;
      if (records.length >= capacity) dropped += 1;
      else records.push(parseLine(line));
    },
    size: () => records.length,
    next: (count) => records.slice(0, count),
    settle: (count, outcome) => {
      records.splice(0, count);
      if (outcome === 'refused') dropped += count;
      else reportDropped();
    },
    droppedCount: () => dropped,
  };
}

function parseLine(line: string): LogRecord {
  const payload = parseObject(line) ?? { msg: line };
  const time = 'time' in payload && typeof payload.time === 'string' ? Date.parse(payload.time) : Number.NaN;
  return { ts: (Number.isNaN(time) ? new Date() : new Date(time)).toISOString(), payload };
}

function parseObject(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
