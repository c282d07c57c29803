import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs } from '../../../kit/backoff.ts';
import type { Logger } from '../../spec/plugin.ts';
import { type FtpServer, openFtpServer } from './server/ftp-server.ts';
import type { Account, ServerSettings } from './server/settings.ts';

/** A camera's share in a server. */
export interface ServerLease {
  /** Settles after the first attempt to open the server. */
  readonly tried: Promise<void>;
  /** Why the server does not run; undefined while it does. */
  problem(): string | undefined;
  /** Closes the camera's connections, and the server when it was the last camera. */
  release(): Promise<void>;
}

/** The servers of this process, one for each address to listen on, opened for the first of its cameras and closed with the last. */
export interface ServerPool {
  lease(settings: ServerSettings, account: Account, logger: Logger): ServerLease;
}

const BACKOFF = { initialMs: 1_000, maxMs: 60_000 };

export function createServerPool(): ServerPool {
  const running = new Map<string, KeptServer>();
  return {
    lease(settings, account, logger) {
      // Changed settings are another server, which gets the port as soon as the last camera of the old one has let go of it.
      const key = JSON.stringify(settings);
      const kept = running.get(key) ?? keepServer(settings, logger);
      running.set(key, kept);
      kept.accounts.add(account);
      return {
        tried: kept.tried,
        problem: () => kept.problem(),
        async release() {
          kept.accounts.delete(account);
          await kept.server()?.dismiss(account);
          if (kept.accounts.size > 0 || running.get(key) !== kept) return;
          running.delete(key);
          await kept.stop();
        },
      };
    },
  };
}

interface KeptServer {
  readonly accounts: Set<Account>;
  readonly tried: Promise<void>;
  server(): FtpServer | undefined;
  problem(): string | undefined;
  stop(): Promise<void>;
}

/** Opens a server and, while that fails, tries again for ever with growing pauses. */
function keepServer(settings: ServerSettings, logger: Logger): KeptServer {
  const accounts = new Set<Account>();
  const stopping = new AbortController();
  const tried = Promise.withResolvers<void>();
  let server: FtpServer | undefined;
  let problem: string | undefined = 'the FTP server is being opened';
  const findAccount = (user: string): Account | undefined =>
    [...accounts].find((account) => (isAnonymous(user) ? account.readPassword === undefined : account.user === user));
  const keep = async (): Promise<void> => {
    for (let failures = 1; !stopping.signal.aborted; failures += 1) {
      const opened = await openFtpServer({ settings, findAccount, logger });
      if (opened.ok) {
        server = opened.value;
        problem = undefined;
        logger.info({ host: settings.host, port: settings.port }, 'cameras can upload over FTP');
        return;
      }
      if (problem !== opened.error) logger.error({ reason: opened.error }, 'the FTP server cannot be opened; trying again');
      problem = opened.error;
      tried.resolve();
      const waitMs = backoffMs(BACKOFF, failures, Math.random);
      await delay(waitMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const kept = keep().finally(tried.resolve);
  return {
    accounts,
    tried: tried.promise,
    server: () => server,
    problem: () => problem,
    async stop() {
      stopping.abort();
      await kept;
      await server?.close();
      server = undefined;
    },
  };
}

const isAnonymous = (user: string): boolean => ['anonymous', 'ftp'].includes(user.toLowerCase());
