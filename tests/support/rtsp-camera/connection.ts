import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { type Credentials, isAuthorized, REALM } from './digest.ts';
import type { Feed, Viewer } from './feed.ts';
import { RtpSender, type Stamp } from './rtp-sender.ts';
import { formatAnswer, type RtspAnswer, RtspReader, type RtspRequest } from './rtsp-message.ts';
import type { CameraStream } from './stream.ts';
import type { Track, Unit } from './track.ts';

/** What a connection has to know of its camera. */
export interface CameraDoor {
  readonly credentials: Credentials | undefined;
  readonly locked: boolean;
  /** The stream that a URL names. */
  streamAt(url: string): CameraStream | undefined;
  /** Whether one more session is allowed. */
  hasRoom(): boolean;
  feedOf(stream: CameraStream): Feed;
}

/** A client that does not read this much is left out until it has. */
const BACKLOG_BYTES = 2 * 1024 * 1024;

/** One client: answers its requests and sends what it plays, on the same TCP connection (RFC 2326). */
export class Connection implements Viewer {
  /** What it plays. */
  feed: Feed | undefined;
  readonly #socket: Socket;
  readonly #door: CameraDoor;
  readonly #id = randomUUID().slice(0, 8);
  readonly #nonce = randomUUID();
  readonly #senders = new Map<Track, RtpSender>();
  #needsKeyframe = true;

  constructor(socket: Socket, door: CameraDoor) {
    this.#socket = socket;
    this.#door = door;
    const reader = new RtspReader();
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#leave());
    socket.on('data', (bytes) => {
      for (const request of reader.read(bytes)) this.#handle(request);
    });
  }

  hasSession(): boolean {
    return this.#senders.size > 0;
  }

  end(): void {
    this.#leave();
    this.#socket.destroy();
  }

  miss(): void {
    this.#needsKeyframe = true;
  }

  take(track: Track, unit: Unit, stamp: Stamp): boolean {
    const sender = this.#senders.get(track);
    if (sender === undefined) return false;
    if (this.#socket.writableLength > BACKLOG_BYTES) this.miss();
    else if (track === this.feed?.stream.video && unit.keyframe) this.#needsKeyframe = false;
    if (this.#needsKeyframe) return false;
    this.#socket.write(sender.pack(unit, stamp));
    return true;
  }

  #handle(request: RtspRequest): void {
    const stream = this.#door.streamAt(request.url);
    if (stream?.stalled === true) return;
    const answer = this.#isAllowed(request) ? this.#answer(request, stream) : this.#refusal();
    this.#socket.write(formatAnswer(request, answer));
    if (request.method === 'PLAY' && answer.status === 200 && stream !== undefined) this.#play(stream);
  }

  #isAllowed(request: RtspRequest): boolean {
    const { credentials, locked } = this.#door;
    return (
      !locked && (credentials === undefined || request.method === 'OPTIONS' || isAuthorized(request, credentials, this.#nonce))
    );
  }

  #refusal(): RtspAnswer {
    return { status: 401, headers: { 'WWW-Authenticate': `Digest realm="${REALM}", nonce="${this.#nonce}"` } };
  }

  #answer(request: RtspRequest, stream: CameraStream | undefined): RtspAnswer {
    if (stream === undefined) return { status: 404 };
    switch (request.method) {
      case 'OPTIONS':
        return { status: 200, headers: { Public: 'OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER' } };
      case 'DESCRIBE':
        return describeStream(request, stream);
      case 'SETUP':
        return this.#setUp(request, stream);
      case 'PLAY':
        if (!this.hasSession()) return { status: 455 };
        return { status: 200, headers: { Session: this.#id, Range: 'npt=now-' } };
      case 'GET_PARAMETER':
        return { status: 200, headers: { Session: this.#id } };
      case 'TEARDOWN':
        this.#leave();
        return { status: 200, headers: { Session: this.#id } };
      default:
        return { status: 501 };
    }
  }

  #setUp(request: RtspRequest, stream: CameraStream): RtspAnswer {
    const channel = /TCP.*interleaved=(\d+)/.exec(request.headers.get('transport') ?? '')?.[1];
    const track = stream.tracks[Number(/\/track(\d+)$/.exec(request.url)?.[1] ?? Number.NaN)];
    if (track === undefined) return { status: 404 };
    if (channel === undefined) return { status: 461 };
    if (!this.hasSession() && !this.#door.hasRoom()) return { status: 453 };
    this.#senders.set(track, new RtpSender(track, Number(channel)));
    const transport = `RTP/AVP/TCP;unicast;interleaved=${channel}-${Number(channel) + 1}`;
    return { status: 200, headers: { Session: `${this.#id};timeout=60`, Transport: transport } };
  }

  #play(stream: CameraStream): void {
    this.feed?.remove(this);
    this.#needsKeyframe = this.#senders.has(stream.video);
    this.feed = this.#door.feedOf(stream);
    this.feed.add(this);
  }

  #leave(): void {
    this.feed?.remove(this);
    this.feed = undefined;
    this.#senders.clear();
  }
}

/** RFC 2327 and RFC 2326, appendix C. */
function describeStream(request: RtspRequest, stream: CameraStream): RtspAnswer {
  const session = [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=test camera',
    'c=IN IP4 0.0.0.0',
    't=0 0',
    'a=control:*',
    'a=range:npt=now-',
  ];
  const media = stream.tracks.flatMap(({ sdp }, index) => [...sdp, `a=control:track${index}`]);
  return {
    status: 200,
    headers: { 'Content-Type': 'application/sdp', 'Content-Base': `${request.url.replace(/\/$/, '')}/` },
    body: [...session, ...media, ''].join('\r\n'),
  };
}
