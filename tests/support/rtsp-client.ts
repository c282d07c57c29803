import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface ReceivedFrame {
  readonly track: number;
  /** In units of its track: 1/90000 s for copied video. */
  readonly dts: number;
  readonly checksum: string;
}

export interface RtspClient extends AsyncDisposable {
  /** What has come so far. */
  readonly frames: readonly ReceivedFrame[];
  /** Of the first track, the video. */
  pictures(): readonly ReceivedFrame[];
  /** What ffmpeg says about it. */
  complaints(): string;
  readonly ended: Promise<unknown>;
  /** Sends a signal, such as SIGSTOP. */
  signal(name: NodeJS.Signals): void;
}

/** Plays a stream with ffmpeg. `copy` gives the packets as they come, `decode` the pictures. */
export function playRtsp(url: string, as: 'copy' | 'decode', more: readonly string[] = []): RtspClient {
  const quick = ['-rtsp_transport', 'tcp', '-analyzeduration', '500000', ...more, '-i', url];
  const codec = as === 'copy' ? ['-c', 'copy'] : ['-an', '-fps_mode', 'passthrough'];
  const format = ['-f', 'framecrc', '-flush_packets', '1', '-'];
  const child = spawn('ffmpeg', ['-v', 'warning', '-nostdin', ...quick, ...codec, ...format], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const frames: ReceivedFrame[] = [];
  let complaints = '';
  child.stderr.on('data', (text) => {
    complaints += text;
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('#')) return;
    const [track, dts, , , , checksum = ''] = line.split(',').map((field) => field.trim());
    frames.push({ track: Number(track), dts: Number(dts), checksum });
  });
  const ended = once(child, 'close');
  return {
    frames,
    pictures: () => frames.filter(({ track }) => track === 0),
    complaints: () => complaints,
    ended,
    signal: (name) => void child.kill(name),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
