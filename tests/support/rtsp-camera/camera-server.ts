import { createServer, type Server, type Socket } from 'node:net';
import { type CameraDoor, Connection } from './connection.ts';
import type { Credentials } from './digest.ts';
import { Feed } from './feed.ts';
import { MediaClock } from './media-clock.ts';
import type { CameraStream, StreamName } from './stream.ts';

export interface CameraSettings {
  readonly streams: Readonly<Record<StreamName, CameraStream>>;
  readonly credentials: Credentials | undefined;
  readonly sharedClock: boolean;
}

const LISTEN_AGAIN_AFTER_MS = 50;

/** Takes clients in, and gives each the feed it asks for. */
export class CameraServer implements CameraDoor {
  readonly credentials: Credentials | undefined;
  readonly clock = new MediaClock();
  locked = false;
  maxSessions: number | undefined;
  port = 0;
  totalSessions = 0;
  readonly #settings: CameraSettings;
  readonly #beganAtMs = Date.now();
  readonly #connections = new Map<Socket, Connection>();
  readonly #feeds: Readonly<Record<StreamName, Feed>>;
  /** Of the client that came last, where each has its own. */
  #ownFeed: Feed | undefined;
  #server: Server | undefined;
  #comeBack: NodeJS.Timeout | undefined;

  constructor(settings: CameraSettings) {
    this.#settings = settings;
    this.credentials = settings.credentials;
    this.#feeds = { main: this.#openFeed('main'), sub: this.#openFeed('sub') };
  }

  /** On a port that the system chooses, later always on that one. */
  listen(): Promise<void> {
    const server = createServer((socket) => {
      this.#connections.set(socket, new Connection(socket, this));
      socket.on('close', () => this.#connections.delete(socket));
    });
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once('error', reject).listen(this.port, '127.0.0.1', () => {
        const address = server.address();
        if (address !== null && typeof address === 'object') this.port = address.port;
        resolve();
      });
    });
  }

  refuse(on: boolean): void {
    clearTimeout(this.#comeBack);
    if (on) {
      this.#server?.close();
      this.#server = undefined;
    } else if (this.#server === undefined) this.#listenAgain();
  }

  reboot(awayMs: number): void {
    this.refuse(true);
    this.drop();
    this.#comeBack = setTimeout(() => this.#listenAgain(), awayMs);
  }

  drop(): void {
    for (const connection of this.#connections.values()) connection.end();
  }

  async close(): Promise<void> {
    this.refuse(true);
    const closed = [...this.#connections.keys()].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    this.drop();
    await Promise.all(closed);
  }

  sessions(): number {
    return this.#playing().length;
  }

  position(): number {
    return (this.#ownFeed ?? this.#feeds.main).position();
  }

  seek(seconds: number): void {
    for (const feed of new Set([this.#feeds.main, this.#feeds.sub, ...this.#playing()])) feed.seek(seconds);
  }

  streamAt(url: string): CameraStream | undefined {
    const [, first = ''] = new URL(url).pathname.split('/');
    if (first === 'main' || first === 'stream1') return this.#settings.streams.main;
    if (first === 'sub' || first === 'stream2') return this.#settings.streams.sub;
    return undefined;
  }

  hasRoom(): boolean {
    const taken = [...this.#connections.values()].filter((connection) => connection.hasSession()).length;
    return this.maxSessions === undefined || taken < this.maxSessions;
  }

  feedOf({ name }: CameraStream): Feed {
    this.totalSessions += 1;
    if (this.#settings.sharedClock) return this.#feeds[name];
    this.#ownFeed = this.#openFeed(name);
    return this.#ownFeed;
  }

  /** The feed of each client that plays. */
  #playing(): Feed[] {
    return [...this.#connections.values()].flatMap(({ feed }) => feed ?? []);
  }

  #openFeed(name: StreamName): Feed {
    return new Feed(this.#settings.streams[name], this.clock, this.#beganAtMs);
  }

  /** For a moment the port may be another's, who was given it as the free port it was. */
  #listenAgain(): void {
    this.listen().catch(() => {
      this.#server = undefined;
      this.#comeBack = setTimeout(() => this.#listenAgain(), LISTEN_AGAIN_AFTER_MS);
    });
  }
}
