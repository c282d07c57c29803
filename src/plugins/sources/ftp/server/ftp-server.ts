import { readFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { err, ok, type Result } from '../../../../domain/result.ts';
import type { Logger } from '../../../spec/plugin.ts';
import { plainAddress } from './addresses.ts';
import { createLoginGuard } from './login-guard.ts';
import { formatReply, reply } from './reply.ts';
import { type ServedSession, serveSession } from './serve-session.ts';
import type { ServerParts } from './session.ts';
import type { Account, ServerSettings, TlsSettings } from './settings.ts';

/** Takes uploads of cameras, and gives nothing. */
export interface FtpServer {
  /** Closes the connections of one camera. */
  dismiss(account: Account): Promise<void>;
  close(): Promise<void>;
}

export interface FtpServerOptions {
  readonly settings: ServerSettings;
  readonly findAccount: (user: string) => Account | undefined;
  readonly logger: Logger;
}

/** @returns in words, why it cannot be opened: the port is taken, or the certificate cannot be used. */
export async function openFtpServer({ settings, findAccount, logger }: FtpServerOptions): Promise<Result<FtpServer, string>> {
  const readCertificate = () => readCertificateOf(settings.tls);
  const certificate = settings.tls === undefined ? undefined : await readCertificate();
  if (certificate?.ok === false) return certificate;
  const guard = createLoginGuard(settings.loginFailuresPerMinute);
  const sessions = new Set<ServedSession>();
  const parts: ServerParts = { settings, findAccount, guard, readCertificate, logger };
  const listening = await listen(settings, (socket) => welcome(parts, sessions, socket));
  if (!listening.ok) return listening;
  const server = listening.value;
  return ok({
    dismiss: (account) => closeAll([...sessions].filter(({ session }) => session.account === account)),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      await closeAll([...sessions]);
      await closed;
    },
  });
}

async function closeAll(sessions: readonly ServedSession[]): Promise<void> {
  for (const session of sessions) session.close();
  await Promise.all(sessions.map(({ ended }) => ended));
}

function listen({ host, port }: ServerSettings, onConnection: (socket: Socket) => void): Promise<Result<Server, string>> {
  return new Promise((resolve) => {
    const server = createServer(onConnection);
    server.once('error', (error) => resolve(err(`port ${port} of ${host} cannot be opened (${error.message})`)));
    server.listen({ host, port }, () => resolve(ok(server)));
  });
}

function welcome(parts: ServerParts, sessions: Set<ServedSession>, socket: Socket): void {
  const { maxConnections, maxConnectionsPerAddress } = parts.settings;
  const address = plainAddress(socket.remoteAddress);
  const ofAddress = [...sessions].filter(({ session }) => session.address === address).length;
  if (sessions.size >= maxConnections || ofAddress >= maxConnectionsPerAddress) {
    parts.logger.warn({ address, connections: sessions.size }, 'an FTP connection was refused: there are too many');
    socket.on('error', () => undefined);
    socket.end(formatReply(reply(421, 'Too many connections; later.')));
    socket.setTimeout(2_000, () => socket.destroy());
    return;
  }
  const served = serveSession(parts, socket);
  sessions.add(served);
  void served.ended.then(() => sessions.delete(served));
}

async function readCertificateOf(tls: TlsSettings | undefined): Promise<Result<SecureContext, string>> {
  if (tls === undefined) return err('no certificate is configured');
  try {
    const [cert, key] = [await readFile(tls.certFile), await readFile(tls.keyFile)];
    return ok(createSecureContext({ cert, key }));
  } catch (cause) {
    return err(`the certificate cannot be used (${cause instanceof Error ? cause.message : String(cause)})`);
  }
}
