import type { SendMailOptions } from 'nodemailer/lib/mailer';
import { err, ok, type Result } from '../../../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../../domain/stage-error.ts';
import { unlessAborted } from '../../../kit/unless-aborted.ts';
import { withoutSecrets } from '../../../kit/without-secrets.ts';
import { type ComposedMail, composeMail, isMailed } from '../../../mail/compose.ts';
import type { Notifier, OutgoingAlert } from '../../spec/notifier.ts';
import type { PluginContext } from '../../spec/plugin.ts';
import type { SmtpConfig } from './config.ts';
import { isLoginFailure, smtpFailure } from './failure.ts';
import { type MailServer, openMailServer, serverName } from './mail-server.ts';

type Opening = ReturnType<typeof openMailServer>;

const NEVER = new AbortController().signal;

/** Mails alerts. Nothing is queued here: a mail that fails is repeated by the workflow, under the same Message-ID. */
export class SmtpNotifier implements Notifier {
  readonly showsPictures: boolean;
  readonly #config: SmtpConfig;
  readonly #context: PluginContext;
  #server: Opening | undefined;
  #isClosed = false;

  constructor(config: SmtpConfig, context: PluginContext) {
    this.showsPictures = config.snapshot !== 'none';
    this.#config = config;
    this.#context = context;
  }

  async send(alert: OutgoingAlert, signal: AbortSignal): Promise<Result<void, PluginFailure>> {
    signal.throwIfAborted();
    if (!isMailed(alert, this.#config.follow_ups)) return ok(undefined);
    const mail = mailOptions(composeMail(alert, this.#config), this.#config);
    const sent = await this.#use(signal, ({ transport }, within) => transport.sendMail({ ...mail, signal: within }));
    if (!sent.ok) return sent;
    const { rejected } = sent.value;
    // The others have it; to send it again for these would send it to those twice.
    if (rejected.length > 0)
      this.#context.logger.warn({ count: rejected.length }, 'the mail server refused some of the recipients');
    return ok(undefined);
  }

  async ping(): Promise<Result<void, PluginFailure>> {
    const answer = await this.#use(NEVER, ({ transport }, within) => unlessAborted(transport.verify(), within));
    return answer.ok ? ok(undefined) : answer;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#forget(this.#server);
  }

  /** The work, within the configured time. Rejects with the signal's reason when aborted. */
  async #use<T>(
    signal: AbortSignal,
    work: (server: MailServer, within: AbortSignal) => Promise<T>,
  ): Promise<Result<T, PluginFailure>> {
    if (this.#isClosed) return err(pluginFailure('NOTIFY_UNREACHABLE', 'the channel has been closed'));
    this.#server ??= openMailServer(this.#config, this.#context.readSecret);
    const opening = this.#server;
    const server = await opening;
    if (!server.ok) {
      await this.#forget(opening);
      return server;
    }
    const timeout = AbortSignal.timeout(this.#config.timeout_s * 1000);
    try {
      return ok(await work(server.value, AbortSignal.any([signal, timeout])));
    } catch (thrown) {
      signal.throwIfAborted();
      if (isLoginFailure(thrown)) await this.#forget(opening);
      return err(withoutSecrets(this.#failure(thrown, timeout), server.value.secrets));
    }
  }

  #failure(thrown: unknown, timeout: AbortSignal): PluginFailure {
    const server = serverName(this.#config);
    if (!timeout.aborted) return smtpFailure(server, thrown);
    return pluginFailure('NOTIFY_TIMED_OUT', `mail server ${server} has not come to an end within ${this.#config.timeout_s} s`);
  }

  /** The next use opens another. One that another use has opened meanwhile stays. */
  async #forget(opening: Opening | undefined): Promise<void> {
    if (this.#server === opening) this.#server = undefined;
    const server = await opening;
    if (server?.ok === true) server.value.transport.close();
  }
}

function mailOptions({ thread, subject, text, html, headers, snapshot }: ComposedMail, config: SmtpConfig): SendMailOptions {
  const { messageId, follows } = thread;
  return {
    from: { name: config.from_name, address: config.from_email },
    to: config.to_emails,
    cc: config.cc_emails,
    bcc: config.bcc_emails,
    messageId,
    ...(follows === undefined ? {} : { inReplyTo: follows, references: follows }),
    subject,
    text,
    html,
    headers: asTheyAre(headers),
    attachments: snapshot === undefined ? [] : [attachmentOf(snapshot)],
    // What it is given is all that it reads.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** They are ASCII already; nodemailer would encode what has quotes. */
const asTheyAre = (headers: ComposedMail['headers']) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, { prepared: true, foldLines: true, value }]));

const attachmentOf = ({ jpeg, fileName, contentId }: NonNullable<ComposedMail['snapshot']>) => ({
  content: Buffer.from(jpeg),
  filename: fileName,
  contentType: 'image/jpeg',
  ...(contentId === undefined ? {} : { cid: contentId }),
});
