import { z } from 'zod';
import { err, ok, type Result } from '../../../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../../domain/stage-error.ts';
import { withoutSecrets } from '../../../kit/without-secrets.ts';
import { type ComposedMail, composeMail, isMailed } from '../../../mail/compose.ts';
import type { Notifier, OutgoingAlert } from '../../spec/notifier.ts';
import type { PluginContext } from '../../spec/plugin.ts';
import type { SendgridConfig } from './config.ts';
import { sendgridFailure } from './failure.ts';
import { type MailData, readScopes, type SendgridCall, sendMail } from './sdk.ts';

const NEVER = new AbortController().signal;
const scopesSchema = z.object({ scopes: z.array(z.string()) });

/** Mails alerts through SendGrid's API. A repeat has the same Message-ID, for SendGrid itself knows no repeats. */
export class SendgridNotifier implements Notifier {
  readonly showsPictures: boolean;
  readonly #config: SendgridConfig;
  readonly #context: PluginContext;
  #isClosed = false;

  constructor(config: SendgridConfig, context: PluginContext) {
    this.showsPictures = config.snapshot !== 'none';
    this.#config = config;
    this.#context = context;
  }

  async send(alert: OutgoingAlert, signal: AbortSignal): Promise<Result<void, PluginFailure>> {
    signal.throwIfAborted();
    if (!isMailed(alert, this.#config.follow_ups)) return ok(undefined);
    const mail = mailData(composeMail(alert, this.#config), this.#config);
    return this.#use(signal, (call) => sendMail(call, mail));
  }

  /** Asks what the key may do, and sends nothing. */
  async ping(): Promise<Result<void, PluginFailure>> {
    const answer = await this.#use(NEVER, readScopes);
    if (!answer.ok) return answer;
    if (scopesSchema.safeParse(answer.value).data?.scopes.includes('mail.send') === true) return ok(undefined);
    return err(pluginFailure('NOTIFY_REJECTED', 'the API key has no right to send mail'));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  /** The work, within the configured time, with the key as it is now. */
  async #use<T>(signal: AbortSignal, work: (call: SendgridCall) => Promise<T>): Promise<Result<T, PluginFailure>> {
    if (this.#isClosed) return err(pluginFailure('NOTIFY_UNREACHABLE', 'the channel has been closed'));
    const key = this.#context.readSecret(this.#config.api_key_env);
    if (!key.ok) return key;
    const timeout = AbortSignal.timeout(this.#config.request_timeout_s * 1000);
    try {
      const within = AbortSignal.any([signal, timeout]);
      return ok(await work({ apiBase: this.#config.api_base, apiKey: key.value.reveal(), signal: within }));
    } catch (thrown) {
      signal.throwIfAborted();
      const secrets = [key.value.reveal()];
      const failure = timeout.aborted
        ? pluginFailure('NOTIFY_TIMED_OUT', `SendGrid did not answer within ${this.#config.request_timeout_s} s`)
        : sendgridFailure(thrown, Date.now(), secrets);
      return err(withoutSecrets(failure, secrets));
    }
  }
}

function mailData({ thread, subject, text, html, headers, snapshot }: ComposedMail, config: SendgridConfig): MailData {
  const { messageId, follows } = thread;
  return {
    from: { email: config.from_email, name: config.from_name },
    to: config.to_emails,
    cc: config.cc_emails,
    bcc: config.bcc_emails,
    subject,
    text,
    html,
    headers: {
      ...headers,
      'Message-ID': messageId,
      ...(follows === undefined ? {} : { 'In-Reply-To': follows, References: follows }),
    },
    ...(snapshot === undefined ? {} : { attachments: [attachmentOf(snapshot)] }),
    // Links to clips are secrets: they go to nobody on the way.
    trackingSettings: { clickTracking: { enable: false }, openTracking: { enable: false } },
  };
}

const attachmentOf = ({ jpeg, fileName, contentId }: NonNullable<ComposedMail['snapshot']>) => ({
  content: Buffer.from(jpeg).toString('base64'),
  filename: fileName,
  type: 'image/jpeg',
  disposition: contentId === undefined ? 'attachment' : 'inline',
  // As the API spells it: the SDK hands attachments over as they are, whatever its types say.
  ...(contentId === undefined ? {} : { content_id: contentId }),
});
