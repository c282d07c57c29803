/** An answer on the control connection (RFC 959, 4.2). */
export interface Reply {
  readonly code: number;
  readonly text: string;
  /** Stand between the first and the last line. */
  readonly lines?: readonly string[];
  /** What the session does once the reply is sent. */
  readonly next?: 'secure' | 'close';
}

export const reply = (code: number, text: string): Reply => ({ code, text });

export function formatReply({ code, text, lines }: Reply): string {
  if (lines === undefined) return `${code} ${text}\r\n`;
  return `${code}-${text}\r\n${lines.map((line) => ` ${line}\r\n`).join('')}${code} End\r\n`;
}

/** What a disk's error is to a camera. */
export function replyToSystemError(cause: unknown): Reply {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return reply(550, 'No such file or folder.');
    case 'EEXIST':
    case 'ENOTEMPTY':
      return reply(550, 'It is there already.');
    case 'EISDIR':
      return reply(550, 'It is a folder.');
    case 'EBUSY':
      return reply(450, 'It is being uploaded.');
    case 'ERANGE':
      return reply(554, 'The file does not end there.');
    case 'ENAMETOOLONG':
    case 'EINVAL':
      return reply(553, 'This name cannot be used.');
    case 'ENOSPC':
    case 'EDQUOT':
      return reply(452, 'The disk is full.');
    case 'EPERM':
    case 'EACCES':
      return reply(550, 'Not permitted.');
    default:
      return reply(451, 'The disk failed.');
  }
}
