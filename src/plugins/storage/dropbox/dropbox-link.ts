import { Dropbox, DropboxAuth, type DropboxAuthOptions } from 'dropbox';
import { type PluginFailure, pluginFailure } from '../../../domain/stage-error.ts';
import { type Patience, withPatience } from '../../../kit/patience.ts';
import { StorageStop, valueOf } from '../../../kit/storage-stop.ts';
import { withoutSecrets } from '../../../kit/without-secrets.ts';
import type { PluginContext } from '../../spec/plugin.ts';
import type { StorageCall } from '../../spec/storage.ts';
import type { DropboxConfig } from './config.ts';
import { describeFailure, isExpiredToken } from './failures.ts';

const TOKEN_TIMEOUT_MS = 30_000;

/** One request by the SDK. May be made twice, so its body is made in it. */
export type DropboxRequest<T> = (client: Dropbox, patience: Patience) => Promise<T>;

interface Session {
  readonly auth: DropboxAuth;
  readonly client: Dropbox;
  /** Secrets that outlive an access token. */
  readonly lasting: readonly string[];
}

/** The way to one Dropbox, with what all calls share: tokens, and a pause that Dropbox has asked for. */
export class DropboxLink {
  readonly #config: DropboxConfig;
  readonly #context: PluginContext;
  #session: Session | undefined;
  /** By a clock that nobody sets. */
  #pauseEndsAtMs = 0;

  constructor(config: DropboxConfig, context: PluginContext) {
    this.#config = config;
    this.#context = context;
  }

  /**
   * Makes a request. An access token that has expired before its time is renewed once. What Dropbox asks one call to wait (429)
   * holds for the whole app, so until then every call fails without asking.
   */
  async ask<T>(call: StorageCall, request: DropboxRequest<T>): Promise<T> {
    const pauseMs = Math.ceil(this.#pauseEndsAtMs - performance.now());
    if (pauseMs > 0) {
      throw new StorageStop(pluginFailure('STORAGE_RATE_LIMITED', 'Dropbox asked the app to wait', undefined, pauseMs));
    }
    const { client, auth } = (this.#session ??= this.#connect());
    const once = () => withPatience(call, this.#config.timeout_s * 1000, (patience) => request(client, patience));
    try {
      return await once().catch((thrown: unknown) => {
        if (!isExpiredToken(thrown) || auth.getRefreshToken() === undefined) throw thrown;
        auth.setAccessTokenExpiresAt(new Date(0));
        return once();
      });
    } catch (thrown) {
      const { code, retryAfterMs = 0 } = describeFailure('ask', thrown);
      if (code === 'STORAGE_RATE_LIMITED') this.#pauseEndsAtMs = Math.max(this.#pauseEndsAtMs, performance.now() + retryAfterMs);
      throw thrown;
    }
  }

  /** What was thrown while `what` was tried, without any token in it. */
  explain(what: string): (thrown: unknown) => PluginFailure {
    return (thrown) => {
      const { auth, lasting = [] } = this.#session ?? {};
      return withoutSecrets(describeFailure(what, thrown), [auth?.getAccessToken() ?? '', ...lasting]);
    };
  }

  #connect(): Session {
    const fetch = createFetch(this.#config);
    const credentials = this.#credentials();
    const auth = new SharedAuth({ fetch, ...credentials });
    const { refreshToken = '', clientSecret = '' } = credentials;
    return { auth, client: new Dropbox({ auth, fetch }), lasting: [refreshToken, clientSecret] };
  }

  #credentials(): DropboxAuthOptions {
    const { refresh_token_env, app_key_env, app_secret_env, token_env } = this.#config;
    const { readSecret } = this.#context;
    const refreshToken = readSecret(refresh_token_env);
    if (!refreshToken.ok) {
      const token = readSecret(token_env);
      if (token.ok) return { accessToken: token.value.reveal() };
      const message = `neither environment variable ${refresh_token_env} nor ${token_env} is set`;
      throw new StorageStop(pluginFailure('SECRET_MISSING', message));
    }
    const secret = readSecret(app_secret_env);
    return {
      refreshToken: refreshToken.value.reveal(),
      clientId: valueOf(readSecret(app_key_env)).reveal(),
      ...(secret.ok ? { clientSecret: secret.value.reveal() } : {}),
    };
  }
}

/** Asks for a new access token once, however many requests need it. */
class SharedAuth extends DropboxAuth {
  #refreshing: Promise<void> | undefined;

  override checkAndRefreshAccessToken(): Promise<void> {
    this.#refreshing ??= super.checkAndRefreshAccessToken().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }
}

/** The SDK's hosts as configured. The SDK asks for tokens with secrets in the address; they go into the body, where no log has them. */
function createFetch({ api_url, content_url }: Pick<DropboxConfig, 'api_url' | 'content_url'>) {
  return (address: string, init: RequestInit): Promise<Response> => {
    const { host, pathname, search } = new URL(address);
    const url = `${host.startsWith('content.') ? content_url : api_url}${pathname}`;
    if (pathname !== '/oauth2/token') return fetch(url, init);
    return fetch(url, { method: 'POST', body: new URLSearchParams(search), signal: AbortSignal.timeout(TOKEN_TIMEOUT_MS) });
  };
}
