import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { openCodecServer } from '../../../src/temporal/codec-server.ts';

it('a codec server takes no body without an end, whatever its headers say', async () => {
  // Given a body of which nobody says how long it is
  const nothing = { encode: () => Promise.resolve([]), decode: () => Promise.resolve([]) };
  const server = await openCodecServer({ host: '127.0.0.1', port: 0, codec: nothing, uiOrigin: 'http://127.0.0.1:8233' });
  onTestFinished(() => server.close());
  const asking = request(`${server.url}/decode`, { method: 'POST' });
  const answered = once(asking, 'response') as Promise<[IncomingMessage]>;
  // It may be cut off in the middle of a piece.
  asking.on('error', () => undefined);
  const piece = Buffer.alloc(8_000_000, 'x');
  // When
  const send = (): void => void asking.write(piece, (error) => error ?? setImmediate(send));
  send();
  const [answer] = await answered;
  asking.destroy();
  // Then
  expect(answer.statusCode).toBe(413);
});
