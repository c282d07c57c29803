export interface Command {
  /** Upper case. */
  readonly verb: string;
  readonly argument: string;
}

export function parseCommand(line: string): Command {
  const [, verb = '', argument = ''] = /^\s*(\S*) ?(.*)$/s.exec(line) ?? [];
  return { verb: verb.toUpperCase(), argument };
}

export interface LineReader {
  /** @returns the lines that are complete now; undefined when one is longer than any path can be. */
  read(chunk: Buffer): string[] | undefined;
}

const LONGEST_LINE_BYTES = 8_192;
const TELNET_ESCAPE = 0xff;

/** Takes a byte stream apart into lines of UTF-8. Telnet's escapes, which come before ABOR, are dropped (RFC 959, 4.1.3). */
export function createLineReader(): LineReader {
  let rest = Buffer.alloc(0);
  return {
    read(chunk) {
      const bytes = Buffer.concat([rest, chunk]);
      const end = bytes.lastIndexOf(0x0a) + 1;
      rest = bytes.subarray(end);
      if (rest.length > LONGEST_LINE_BYTES || end > LONGEST_LINE_BYTES * 16) return undefined;
      const text = withoutEscapes(bytes.subarray(0, end)).toString('utf8');
      return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.replace(/\r$/, '')]));
    },
  };
}

function withoutEscapes(bytes: Buffer): Buffer {
  if (!bytes.includes(TELNET_ESCAPE)) return bytes;
  return Buffer.from([...bytes].filter((byte, index) => byte !== TELNET_ESCAPE && bytes[index - 1] !== TELNET_ESCAPE));
}
