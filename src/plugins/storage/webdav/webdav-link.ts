import { AuthType, createClient, type WebDAVClient } from 'webdav';
import type { PluginFailure } from '../../../domain/stage-error.ts';
import { type Patience, withPatience } from '../../../kit/patience.ts';
import { valueOf } from '../../../kit/storage-stop.ts';
import { withoutSecrets } from '../../../kit/without-secrets.ts';
import type { PluginContext } from '../../spec/plugin.ts';
import type { StorageCall } from '../../spec/storage.ts';
import type { WebdavConfig } from './config.ts';
import { describeFailure, isAbsent } from './failures.ts';

const AUTH_TYPES = { basic: AuthType.Password, digest: AuthType.Digest, none: AuthType.None } as const;

/** The way to one folder on a server. */
export class WebdavLink {
  readonly #config: WebdavConfig;
  readonly #context: PluginContext;
  #client: WebDAVClient | undefined;
  #password = '';

  constructor(config: WebdavConfig, context: PluginContext) {
    this.#config = config;
    this.#context = context;
  }

  /** Makes a request, with the signal of its patience. */
  ask<T>(call: StorageCall, request: (client: WebDAVClient, patience: Patience) => Promise<T>): Promise<T> {
    const client = (this.#client ??= this.#connect());
    return withPatience(call, this.#config.timeout_s * 1000, (patience) => request(client, patience));
  }

  /** The same; undefined when the server has nothing there. */
  askOf<T>(call: StorageCall, request: (client: WebDAVClient, patience: Patience) => Promise<T>): Promise<T | undefined> {
    return this.ask(call, request).catch((thrown: unknown) => {
      if (isAbsent(thrown)) return undefined;
      throw thrown;
    });
  }

  /** What was thrown while `what` was tried, without the password in it. */
  explain(what: string): (thrown: unknown) => PluginFailure {
    return (thrown) => withoutSecrets(describeFailure(what, thrown), [this.#password]);
  }

  #connect(): WebDAVClient {
    const { url, auth, username_env, password_env } = this.#config;
    if (username_env === undefined || password_env === undefined) return createClient(url, { authType: AUTH_TYPES[auth] });
    const username = valueOf(this.#context.readSecret(username_env)).reveal();
    this.#password = valueOf(this.#context.readSecret(password_env)).reveal();
    return createClient(url, { authType: AUTH_TYPES[auth], username, password: this.#password });
  }
}
