import { S3Client } from '@aws-sdk/client-s3';
import type { PluginFailure } from '../../../domain/stage-error.ts';
import { type Patience, withPatience } from '../../../kit/patience.ts';
import { valueOf } from '../../../kit/storage-stop.ts';
import { withoutSecrets } from '../../../kit/without-secrets.ts';
import type { PluginContext } from '../../spec/plugin.ts';
import type { StorageCall } from '../../spec/storage.ts';
import type { S3Config } from './config.ts';
import { describeFailure } from './failures.ts';

const QUIET = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** The way to one bucket. */
export class S3Link {
  readonly #config: S3Config;
  readonly #context: PluginContext;
  #client: S3Client | undefined;
  #secret = '';

  constructor(config: S3Config, context: PluginContext) {
    this.#config = config;
    this.#context = context;
  }

  get client(): S3Client {
    this.#client ??= this.#connect();
    return this.#client;
  }

  /** Makes a request: `client.send(command, { abortSignal })`. Nothing is tried again here; whoever called does that, and later. */
  ask<T>(call: StorageCall, request: (client: S3Client, patience: Patience) => Promise<T>): Promise<T> {
    const { client } = this;
    return withPatience(call, this.#config.timeout_s * 1000, (patience) => request(client, patience));
  }

  /** What was thrown while `what` was tried, without secrets in it. */
  explain(what: string): (thrown: unknown) => PluginFailure {
    return (thrown) => withoutSecrets(describeFailure(what, thrown), [this.#secret]);
  }

  close(): void {
    this.#client?.destroy();
    this.#client = undefined;
  }

  #connect(): S3Client {
    const { endpoint, region, path_style, access_key_env, secret_key_env, timeout_s } = this.#config;
    const { readSecret } = this.#context;
    const accessKeyId = valueOf(readSecret(access_key_env)).reveal();
    this.#secret = valueOf(readSecret(secret_key_env)).reveal();
    const client = new S3Client({
      logger: QUIET,
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      forcePathStyle: path_style,
      credentials: { accessKeyId, secretAccessKey: this.#secret },
      maxAttempts: 1,
      // The checksums that matter are given with each request; others confuse servers that know none.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: { connectionTimeout: timeout_s * 1000 },
    });
    signBodies(client);
    return client;
  }
}

/**
 * Makes the SHA-256 of a body, where a command gives it, part of the request's signature: every server then has to hash what it
 * gets and refuses anything else (XAmzContentSHA256Mismatch), also one that knows nothing of checksums. By itself the SDK leaves
 * the body unsigned when it is a stream.
 */
function signBodies(client: S3Client): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const { ChecksumSHA256 } = args.input as { ChecksumSHA256?: string };
      // Typed as unknown by the SDK; at this step it is always an HTTP request.
      const { headers, method } = args.request as { headers: Record<string, string>; method: string };
      if (ChecksumSHA256 !== undefined && method === 'PUT') {
        headers['x-amz-content-sha256'] = Buffer.from(ChecksumSHA256, 'base64').toString('hex');
      }
      return next(args);
    },
    { step: 'build', name: 'signBodies' },
  );
}
