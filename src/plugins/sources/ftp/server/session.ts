import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { Result } from '../../../../domain/result.ts';
import type { Logger } from '../../../spec/plugin.ts';
import type { DataLink } from './data-link.ts';
import type { LoginGuard } from './login-guard.ts';
import type { Reply } from './reply.ts';
import type { Account, ServerSettings } from './settings.ts';
import type { VirtualPath } from './virtual-path.ts';

/** What the server lends to each of its sessions. */
export interface ServerParts {
  readonly settings: ServerSettings;
  /** `anonymous` finds the camera that needs no password. */
  readonly findAccount: (user: string) => Account | undefined;
  readonly guard: LoginGuard;
  /** Reads the certificate anew, so that it can be renewed; an error says why it cannot be used. */
  readonly readCertificate: () => Promise<Result<SecureContext, string>>;
  readonly logger: Logger;
}

/** One connection of a camera: what was agreed on so far. Commands change it one after the other. */
export interface Session {
  readonly parts: ServerParts;
  readonly address: string;
  readonly localAddress: string;
  /** As given by USER, logged in or not. */
  user: string | undefined;
  account: Account | undefined;
  cwd: VirtualPath;
  renameFrom: VirtualPath | undefined;
  /** Bytes that the next upload leaves out, by REST. */
  restAt: number;
  /** Set once the control connection is encrypted, or about to be. */
  secureContext: SecureContext | undefined;
  protectsData: boolean;
  link: DataLink | undefined;
  /** Of the transfer in progress, for ABOR and for the end of the session. */
  transfer: Socket | undefined;
  /** Sends a reply that is not the last of its command. */
  readonly announce: (reply: Reply) => void;
}

/** Carries out one command. What it rejects with is the disk's error. */
export type Verb = (session: Session, argument: string) => Reply | Promise<Reply>;
export type Verbs = Readonly<Record<string, Verb>>;

export function createSession(
  parts: ServerParts,
  addresses: Pick<Session, 'address' | 'localAddress'>,
  announce: Session['announce'],
): Session {
  return {
    parts,
    ...addresses,
    user: undefined,
    account: undefined,
    cwd: [],
    renameFrom: undefined,
    restAt: 0,
    secureContext: undefined,
    protectsData: false,
    link: undefined,
    transfer: undefined,
    announce,
  };
}
