import { readFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { TlsFiles } from './tls-files.ts';

export interface MailReceiver {
  readonly port: number;
  /** What was accepted, in order. */
  readonly mails: readonly ParsedMail[];
  /** Recipients of each, as the envelope names them. */
  readonly recipients: readonly (readonly string[])[];
  close(): Promise<void>;
}

export interface MailRules {
  /** Offers STARTTLS with it; left out: plain only. */
  readonly tls?: TlsFiles;
  /** Asks for these credentials. */
  readonly login?: { readonly user: string; readonly pass: string };
  /** Refuses a recipient with the reply. Called once for each. */
  readonly refuse?: (address: string) => { readonly code: number; readonly text: string } | undefined;
  /** Answers a mail only after this. */
  readonly wait?: () => Promise<void>;
  /** Takes a mail's bytes, and loses the connection before it can say so. */
  readonly isLost?: () => boolean;
}

/** A mail server on a free port of this machine. */
export async function openMailReceiver(rules: MailRules = {}): Promise<MailReceiver> {
  const mails: ParsedMail[] = [];
  const recipients: string[][] = [];
  const sockets: Socket[] = [];
  const server = new SMTPServer({
    ...accessOf(rules),
    closeTimeout: 100,
    onRcptTo: ({ address }, _session, callback) => {
      const reply = rules.refuse?.(address);
      callback(reply === undefined ? null : Object.assign(new Error(reply.text), { responseCode: reply.code }));
    },
    onData: (stream, { envelope }, accept) => {
      void simpleParser(stream).then(async (mail) => {
        await rules.wait?.();
        mails.push(mail);
        recipients.push(envelope.rcptTo.map(({ address }) => address));
        if (rules.isLost?.() === true) for (const socket of sockets) socket.destroy();
        else accept();
      });
    },
  });
  server.on('error', () => {});
  server.server.on('connection', (socket: Socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.server.address() as AddressInfo;
  return { port, mails, recipients, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

function accessOf({ tls, login }: MailRules): SMTPServerOptions {
  const files = tls === undefined ? {} : { key: readFileSync(tls.keyFile), cert: readFileSync(tls.certFile) };
  const disabledCommands = [...(tls === undefined ? ['STARTTLS'] : []), ...(login === undefined ? ['AUTH'] : [])];
  return {
    ...files,
    disabledCommands,
    authOptional: login === undefined,
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, callback) => {
      if (username === login?.user && password === login?.pass) return callback(null, { user: username });
      // Some servers quote what they do not like.
      callback(Object.assign(new Error(`who is ${username} with ${password}?`), { responseCode: 535 }));
    },
  };
}
