import { err, ok, type Result } from '../../../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../../domain/stage-error.ts';
import { alertHash } from '../../../kit/alert-hash.ts';
import { deliver } from '../../../kit/http-delivery.ts';
import type { Notifier, OutgoingAlert } from '../../spec/notifier.ts';
import type { PluginContext } from '../../spec/plugin.ts';
import { webhookBody } from './body.ts';
import type { WebhookConfig } from './config.ts';
import { reachServer } from './reach-server.ts';
import { secretsOfHeader, secretsOfUrl } from './secret-parts.ts';
import { parseSigningKey, signatureHeaders } from './signature.ts';

/** All that one request needs of the environment, read now. */
interface Target {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly signingKey: Uint8Array | undefined;
  readonly secrets: readonly string[];
}

/** Sends alerts as JSON. One request for each call; the workflow repeats what failed, under the same `Idempotency-Key`. */
export class WebhookNotifier implements Notifier {
  readonly showsPictures: boolean;
  readonly #config: WebhookConfig;
  readonly #context: PluginContext;
  #isClosed = false;

  constructor(config: WebhookConfig, context: PluginContext) {
    this.showsPictures = config.snapshot !== 'none';
    this.#config = config;
    this.#context = context;
  }

  async send(alert: OutgoingAlert, signal: AbortSignal): Promise<Result<void, PluginFailure>> {
    signal.throwIfAborted();
    const target = this.#target();
    if (!target.ok) return target;
    const { snapshot } = this.#config;
    const sent = await this.#post(alert, target.value, snapshot, signal);
    const hasPicture = snapshot !== 'none' && 'snapshot' in alert && alert.snapshot !== undefined;
    if (sent.ok || sent.error.code !== 'NOTIFY_REJECTED' || !hasPicture) return sent;
    // Perhaps only the picture: many servers take no more than some hundred kilobytes.
    this.#context.logger.warn({ error: sent.error }, 'the webhook refused alert and picture, and is sent the alert alone');
    return this.#post(alert, target.value, 'none', signal);
  }

  async #post(
    alert: OutgoingAlert,
    { url, headers, signingKey, secrets }: Target,
    snapshot: WebhookConfig['snapshot'],
    signal: AbortSignal,
  ): Promise<Result<void, PluginFailure>> {
    const { contentType, bytes } = await webhookBody(alert, snapshot);
    const message = { id: `${alertHash(alert)}-${alert.revision}`, sentAtS: Math.floor(Date.now() / 1000), body: bytes };
    return deliver(
      {
        to: `webhook on ${url.host}`,
        url: url.href,
        method: this.#config.method,
        headers: {
          ...headers,
          'Content-Type': contentType,
          'Idempotency-Key': `${alert.dedupeKey}.${alert.revision}`,
          ...(signingKey === undefined ? {} : signatureHeaders(message, signingKey)),
        },
        body: bytes,
        timeoutMs: this.#config.timeout_s * 1000,
        secrets,
      },
      signal,
    );
  }

  /** That variables are set and the server takes connections; a request would be one more than alerts. */
  async ping(): Promise<Result<void, PluginFailure>> {
    const target = this.#target();
    return target.ok ? reachServer(target.value.url, this.#config.timeout_s * 1000) : target;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  #target(): Result<Target, PluginFailure> {
    if (this.#isClosed) return err(pluginFailure('NOTIFY_UNREACHABLE', 'the channel has been closed'));
    const url = this.#readUrl();
    if (!url.ok) return url;
    const headers = this.#readHeaders();
    if (!headers.ok) return headers;
    const signingKey = this.#readSigningKey();
    if (!signingKey.ok) return signingKey;
    const secrets = [
      ...Object.values(headers.value).flatMap(secretsOfHeader),
      ...(this.#config.url_env === undefined ? [] : secretsOfUrl(url.value)),
    ];
    return ok({ url: url.value, headers: { ...this.#config.headers, ...headers.value }, signingKey: signingKey.value, secrets });
  }

  #readUrl(): Result<URL, PluginFailure> {
    const { url, url_env } = this.#config;
    const text = url_env === undefined ? ok({ reveal: () => url ?? '' }) : this.#context.readSecret(url_env);
    if (!text.ok) return text;
    const parsed = URL.parse(text.value.reveal());
    const isUsable = parsed !== null && /^https?:$/.test(parsed.protocol) && `${parsed.username}${parsed.password}` === '';
    return isUsable ? ok(parsed) : rejected(`the value of ${url_env} is no http or https address without user and password`);
  }

  #readHeaders(): Result<Record<string, string>, PluginFailure> {
    const headers: Record<string, string> = {};
    for (const [name, variable] of Object.entries(this.#config.headers_env)) {
      const value = this.#context.readSecret(variable);
      if (!value.ok) return value;
      if (!/^[ -~]*$/.test(value.value.reveal())) return rejected(`the value of ${variable} is not plain ASCII, as headers are`);
      headers[name] = value.value.reveal();
    }
    return ok(headers);
  }

  #readSigningKey(): Result<Uint8Array | undefined, PluginFailure> {
    const { secret_env } = this.#config;
    if (secret_env === undefined) return ok(undefined);
    const text = this.#context.readSecret(secret_env);
    if (!text.ok) return text;
    const key = parseSigningKey(text.value.reveal());
    return key.ok ? key : rejected(`the value of ${secret_env} ${key.error}`);
  }
}

const rejected = (message: string) => err(pluginFailure('NOTIFY_REJECTED', message));
