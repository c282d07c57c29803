import { err, ok, type Result } from '../../../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../../domain/stage-error.ts';
import { deliver, type HttpDelivery } from '../../../kit/http-delivery.ts';
import type { Notifier, OutgoingAlert } from '../../spec/notifier.ts';
import type { PluginContext } from '../../spec/plugin.ts';
import type { NtfyConfig } from './config.ts';
import { ntfyMessage, withPicture } from './message.ts';

const NEVER = new AbortController().signal;

type Call = Pick<HttpDelivery, 'method' | 'headers' | 'body'> & { readonly path: string };

/** Publishes alerts on an ntfy topic. */
export class NtfyNotifier implements Notifier {
  readonly showsPictures: boolean;
  readonly #config: NtfyConfig;
  readonly #context: PluginContext;
  #isClosed = false;

  constructor(config: NtfyConfig, context: PluginContext) {
    this.showsPictures = config.snapshot === 'attach';
    this.#config = config;
    this.#context = context;
  }

  async send(alert: OutgoingAlert, signal: AbortSignal): Promise<Result<void, PluginFailure>> {
    const message = ntfyMessage(alert, this.#config);
    const picture = this.#config.snapshot === 'attach' && 'snapshot' in alert ? alert.snapshot : undefined;
    if (picture !== undefined) {
      const headers = withPicture(message);
      const sent = await this.#call({ method: 'PUT', path: this.#config.topic, headers, body: picture }, signal);
      if (sent.ok) return sent;
      // Perhaps only the file: a server may take none, none of this size, no more today (429), or not over this slow a line.
      this.#context.logger.warn({ error: sent.error }, 'ntfy did not take the picture, and is sent the words alone');
    }
    return this.#call({ method: 'POST', path: this.#config.topic, headers: message.headers, body: message.text }, signal);
  }

  /** The server looks at the token first, whatever is asked. */
  ping(): Promise<Result<void, PluginFailure>> {
    return this.#call({ method: 'GET', path: 'v1/health', headers: {} }, NEVER);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  async #call({ path, headers, ...request }: Call, signal: AbortSignal): Promise<Result<void, PluginFailure>> {
    signal.throwIfAborted();
    if (this.#isClosed) return err(pluginFailure('NOTIFY_UNREACHABLE', 'the channel has been closed'));
    const token = this.#readToken();
    if (!token.ok) return token;
    const { server, timeout_s } = this.#config;
    const delivery: HttpDelivery = {
      to: `ntfy on ${new URL(server).host}`,
      url: `${server.replace(/\/$/, '')}/${path}`,
      ...request,
      headers: { ...headers, ...(token.value === undefined ? {} : { Authorization: `Bearer ${token.value}` }) },
      timeoutMs: timeout_s * 1000,
      secrets: token.value === undefined ? [] : [token.value],
    };
    return deliver(delivery, signal);
  }

  #readToken(): Result<string | undefined, PluginFailure> {
    const { token_env } = this.#config;
    if (token_env === undefined) return ok(undefined);
    const token = this.#context.readSecret(token_env);
    if (!token.ok) return token;
    const text = token.value.reveal();
    return /^[!-~]+$/.test(text)
      ? ok(text)
      : err(pluginFailure('NOTIFY_REJECTED', `the value of ${token_env} is no access token`));
  }
}
