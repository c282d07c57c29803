import type { Socket } from 'node:net';
import { plainAddress } from './addresses.ts';
import { type Command, createLineReader, parseCommand } from './command-line.ts';
import { secured } from './data-link.ts';
import { folderVerbs } from './folder-verbs.ts';
import { loginVerbs } from './login-verbs.ts';
import { formatReply, type Reply, reply, replyToSystemError } from './reply.ts';
import { createSession, type ServerParts, type Session } from './session.ts';
import { transferVerbs } from './transfer-verbs.ts';

/** One connection being served. */
export interface ServedSession {
  readonly session: Session;
  /** Settles when the connection is closed and its last command has come to its end. */
  readonly ended: Promise<void>;
  close(): void;
}

const AFTER_LOGIN = { ...folderVerbs, ...transferVerbs };
const MOST_WAITING_COMMANDS = 64;

interface Driver {
  readonly session: Session;
  socket: Socket;
  /** Ends when all commands so far have. */
  work: Promise<void>;
  waiting: number;
}

/** Speaks FTP on a control connection until it closes: reads commands, carries them out one after the other, answers. */
export function serveSession(parts: ServerParts, socket: Socket): ServedSession {
  const addresses = { address: plainAddress(socket.remoteAddress), localAddress: plainAddress(socket.localAddress) };
  const session = createSession(parts, addresses, (answer) => send(driver, answer));
  const driver: Driver = { session, socket, work: Promise.resolve(), waiting: 0 };
  const closed = Promise.withResolvers<void>();
  socket.on('error', () => undefined);
  socket.once('close', () => {
    session.transfer?.destroy();
    session.link?.close();
    closed.resolve();
  });
  listenTo(driver, socket);
  send(driver, reply(220, 'Ready for cameras.'));
  return { session, ended: closed.promise.then(() => driver.work), close: () => void socket.destroy() };
}

function listenTo(driver: Driver, socket: Socket): void {
  const lines = createLineReader();
  driver.socket = socket;
  socket.setTimeout(driver.session.parts.settings.idleTimeoutMs, () => {
    // While a command is at work, its own limits hold.
    if (driver.waiting === 0) end(driver, reply(421, 'Nothing happened for too long.'));
  });
  socket.on('data', (chunk: Buffer) => {
    const read = lines.read(chunk);
    if (read === undefined) end(driver, reply(500, 'The line is too long.'));
    for (const line of read ?? []) take(driver, parseCommand(line));
  });
}

function take(driver: Driver, command: Command): void {
  if (command.verb === 'ABOR') driver.session.transfer?.destroy();
  driver.waiting += 1;
  const { socket } = driver;
  if (driver.waiting > MOST_WAITING_COMMANDS) {
    socket.destroy();
    return;
  }
  driver.work = driver.work.then(async () => {
    // What came in the clear before the encryption began may be a stranger's.
    const isDropped = socket.destroyed || socket !== driver.socket;
    const answer = isDropped ? undefined : await answerTo(driver.session, command);
    driver.waiting -= 1;
    if (answer === undefined) return;
    if (answer.next === 'close') end(driver, answer);
    else send(driver, answer);
    if (answer.next === 'secure') encrypt(driver);
  });
}

async function answerTo(session: Session, { verb, argument }: Command): Promise<Reply> {
  const isOpenToAll = Object.hasOwn(loginVerbs, verb);
  const verbs = isOpenToAll ? loginVerbs : AFTER_LOGIN;
  const act = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  if (act === undefined) return reply(502, 'No such command here.');
  if (!isOpenToAll && session.account === undefined) return reply(530, 'Log in first.');
  if (verb !== 'RNTO') session.renameFrom = undefined;
  try {
    return await act(session, argument);
  } catch (cause) {
    const answer = replyToSystemError(cause);
    const fields = { user: session.user, verb, err: cause };
    if (answer.code < 500) session.parts.logger.warn(fields, 'an FTP command failed');
    return answer;
  }
}

function encrypt(driver: Driver): void {
  const plain = driver.socket;
  const { secureContext } = driver.session;
  if (secureContext === undefined) return;
  plain.removeAllListeners('data');
  plain.setTimeout(0);
  listenTo(driver, secured(plain, secureContext));
}

function send({ socket }: Driver, answer: Reply): void {
  if (socket.writable) socket.write(formatReply(answer));
}

function end({ socket }: Driver, answer: Reply): void {
  if (!socket.writable) return;
  socket.end(formatReply(answer));
  // A camera that does not close its side does not keep the connection.
  socket.setTimeout(2_000, () => socket.destroy());
}
