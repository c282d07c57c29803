import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Upload } from '../camera-home.ts';
import { secured } from './data-link.ts';
import { type Reply, reply, replyToSystemError } from './reply.ts';
import type { Session } from './session.ts';

/** Sends a listing. */
export function sendText(session: Session, text: string): Promise<Reply> {
  return overDataConnection(session, async (socket) => {
    socket.end(text);
    socket.resume();
    // Why it closed early is said by `errored`.
    await once(socket, 'close').catch(() => undefined);
    return socket.errored === null ? reply(226, 'That is all.') : brokenOff;
  });
}

/** Receives an upload to its end. In FTP's stream mode that is where the camera closes the connection, whatever the reason. */
export async function receive(session: Session, upload: Upload): Promise<Reply> {
  let isFinished = false;
  try {
    const answer = await overDataConnection(session, async (socket) => {
      const problem = await copyInto(upload, socket, session.parts.settings.maxUploadBytes);
      isFinished = problem === undefined;
      return problem ?? reply(226, 'Received.');
    });
    if (isFinished) await upload.finish();
    return answer;
  } finally {
    if (!isFinished) await upload.breakOff();
  }
}

/** @returns why it did not come to its end. */
async function copyInto(upload: Upload, socket: Socket, maxBytes: number): Promise<Reply | undefined> {
  let receivedBytes = 0;
  const chunks: AsyncIterator<Buffer> = socket[Symbol.asyncIterator]();
  for (;;) {
    const next = await chunks.next().catch(() => undefined);
    if (next === undefined) return brokenOff;
    if (next.done === true) return undefined;
    const allowed = next.value.subarray(0, maxBytes - receivedBytes);
    try {
      await upload.write(allowed);
    } catch (cause) {
      return replyToSystemError(cause);
    }
    if (allowed.length < next.value.length) return reply(552, 'The upload is larger than allowed.');
    receivedBytes += allowed.length;
  }
}

const brokenOff = reply(426, 'The transfer broke off.');

async function overDataConnection(session: Session, use: (socket: Socket) => Promise<Reply>): Promise<Reply> {
  const { link, secureContext, protectsData, parts } = session;
  session.link = undefined;
  if (link === undefined) return reply(425, 'PASV, EPSV, PORT or EPRT comes first.');
  if (parts.settings.tls?.required === true && !protectsData) return reply(521, 'Files are sent encrypted here, with PROT P.');
  session.announce(reply(150, 'Go ahead.'));
  const plain = await link.open();
  if (plain === undefined) return reply(425, 'The data connection did not come about.');
  const socket = protectsData && secureContext !== undefined ? secured(plain, secureContext) : plain;
  session.transfer = socket;
  socket.setTimeout(parts.settings.idleTimeoutMs, () => socket.destroy());
  try {
    return await use(socket);
  } finally {
    session.transfer = undefined;
    socket.destroy();
    plain.destroy();
  }
}
