import { connect } from 'node:net';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { type HealthServer, openHealthServer } from '../../../src/health/health-server.ts';
import { attention } from '../../../src/kit/findings.ts';
import { createTestContext, type TestContext } from '../../support/plugin-context.ts';
import { waitUntil } from '../../support/wait-until.ts';

let context: TestContext;
let server: HealthServer;
beforeEach(async () => {
  context = createTestContext();
  server = openHealthServer({
    ...{ at: { host: '127.0.0.1', port: 0 }, name: 'record', logger: context.logger },
    look: () => Promise.resolve([attention('camera Yard', 'no answer: rtsp://ada:swordfish@192.168.1.21/1', 'See that …')]),
    metrics: () => Promise.resolve(''),
  });
  await waitUntil('it listens', () => server.port !== undefined);
});
afterEach(() => server[Symbol.asyncDispose]());

it('tells no password of a camera', async () => {
  // When
  const told = await (await fetch(`http://127.0.0.1:${server.port}/health/ready`)).text();
  // Then
  expect(told).toContain('192.168.1.21');
  expect(told).not.toContain('swordfish');
});

it.each(['//', '/health', 'http://[/'])('has nothing at %s, and no line in the log', async (target) => {
  // Given a client that sends the path as it is
  const socket = connect(server.port ?? 0, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  // When
  socket.write(`GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
  const answer = Buffer.concat(await socket.toArray()).toString('latin1');
  // Then
  expect(answer).toMatch(/^HTTP\/1\.1 404 /);
  expect(context.lines).toEqual([]);
});
