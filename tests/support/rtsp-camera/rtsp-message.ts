export interface RtspRequest {
  readonly method: string;
  readonly url: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Takes the requests out of what a client sends. Reports about the reception, which lie between them, are left out. */
export class RtspReader {
  #bytes: Buffer = Buffer.alloc(0);

  *read(bytes: Buffer): Generator<RtspRequest> {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    for (;;) {
      if (this.#bytes[0] === INTERLEAVED) {
        if (this.#bytes.length < 4 || this.#bytes.length < 4 + this.#bytes.readUInt16BE(2)) return;
        this.#bytes = this.#bytes.subarray(4 + this.#bytes.readUInt16BE(2));
        continue;
      }
      const end = this.#bytes.indexOf('\r\n\r\n');
      if (end < 0) return;
      const request = parseRequest(this.#bytes.toString('latin1', 0, end));
      const bodyEnd = end + 4 + Number(request.headers.get('content-length') ?? 0);
      if (this.#bytes.length < bodyEnd) return;
      this.#bytes = this.#bytes.subarray(bodyEnd);
      yield request;
    }
  }
}

const INTERLEAVED = 0x24;

function parseRequest(head: string): RtspRequest {
  const [first = '', ...lines] = head.trimStart().split('\r\n');
  const [method = '', url = ''] = first.split(' ');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { method, url, headers: new Map(headers) };
}

const REASONS = {
  200: 'OK',
  401: 'Unauthorized',
  404: 'Not Found',
  453: 'Not Enough Bandwidth',
  455: 'Method Not Valid in This State',
  461: 'Unsupported Transport',
  501: 'Not Implemented',
} as const;

export interface RtspAnswer {
  readonly status: keyof typeof REASONS;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export function formatAnswer(request: RtspRequest, { status, headers = {}, body = '' }: RtspAnswer): string {
  const all = {
    CSeq: request.headers.get('cseq') ?? '0',
    ...headers,
    ...(body === '' ? {} : { 'Content-Length': `${Buffer.byteLength(body)}` }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `RTSP/1.0 ${status} ${REASONS[status]}\r\n${lines.join('')}\r\n${body}`;
}
