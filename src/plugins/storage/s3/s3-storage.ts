import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { StoredClip } from '../../../domain/known.ts';
import type { Result } from '../../../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../../domain/stage-error.ts';
import { BlockHashes } from '../../../kit/block-hashes.ts';
import { hashOf, openLocal, readSealed, saveNew } from '../../../kit/local-bytes.ts';
import { type Patience, UNATTENDED } from '../../../kit/patience.ts';
import { checkKey, StorageStop, settle } from '../../../kit/storage-stop.ts';
import type { Logger } from '../../spec/plugin.ts';
import type { LocalFile, Storage, StorageCall } from '../../spec/storage.ts';
import type { S3Config } from './config.ts';
import { isAbsent, isLostUpload, isRivalled } from './failures.ts';
import { endLeftovers, type Upload, upload } from './multipart.ts';
import type { S3Link } from './s3-link.ts';

type Digest = Omit<LocalFile, 'path'>;

/** So that a link opens in a browser's player. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  mp4: 'video/mp4',
  mkv: 'video/x-matroska',
  mov: 'video/quicktime',
  avi: 'video/x-msvideo',
  ts: 'video/mp2t',
  jpg: 'image/jpeg',
};

/** Keeps clips in a bucket. See the README beside this file for what is verified, by whom, and what a link gives away. */
export class S3Storage implements Storage {
  readonly #config: S3Config;
  readonly #link: S3Link;
  readonly #logger: Logger;

  constructor(config: S3Config, link: S3Link, logger: Logger) {
    this.#config = config;
    this.#link = link;
    this.#logger = logger;
  }

  put(file: LocalFile, key: string, call: StorageCall): Promise<Result<StoredClip, PluginFailure>> {
    return this.#settle(`store ${key}`, key, call, async () => {
      const handle = await openLocal(file);
      try {
        const partBytes = this.#config.part_size_bytes;
        const hashes = new BlockHashes(partBytes);
        await readSealed(handle, file, call, (piece) => hashes.update(piece));
        const partHashes = file.sizeBytes === 0 ? [createHash('sha256').digest()] : hashes.digests();
        const { sizeBytes, sha256 } = file;
        const contentType = CONTENT_TYPES[key.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
        const work = { handle, sizeBytes, sha256, partHashes, partBytes, contentType, target: this.#target(key) };
        if (!(await this.#holds(key, work, call))) await this.#store(work, key, call);
        if (partHashes.length > 1) await this.#endLeftovers(work, call);
        call.onProgress(sizeBytes);
        return stored(key);
      } finally {
        await handle.close();
      }
    });
  }

  verify(key: string, expected: Digest, call: StorageCall): Promise<Result<StoredClip | undefined, PluginFailure>> {
    return this.#settle(`verify ${key}`, key, call, async () =>
      (await this.#holds(key, expected, call)) ? stored(key) : undefined,
    );
  }

  get(key: string, path: string, call: StorageCall): Promise<Result<void, PluginFailure>> {
    return this.#settle(`fetch ${key}`, key, call, async () => {
      const got = await unlessAbsent(this.#read(key, call, (body, patience) => saveNew(path, body, patience).then(() => true)));
      if (got === undefined) throw new StorageStop(pluginFailure('CLIP_NOT_STORED_YET', `the bucket has nothing under ${key}`));
    });
  }

  viewUrl(key: string, call: StorageCall): Promise<Result<string | undefined, PluginFailure>> {
    return this.#settle(`link to ${key}`, key, call, async () => {
      if ((await this.#head(key, call)) === undefined) return undefined;
      return getSignedUrl(this.#link.client, new GetObjectCommand(this.#target(key)), { expiresIn: this.#config.link_expires_s });
    });
  }

  delete(key: string): Promise<Result<void, PluginFailure>> {
    return this.#settle(`delete ${key}`, key, UNATTENDED, async () => {
      const command = new DeleteObjectCommand(this.#target(key));
      await unlessAbsent(this.#link.ask(UNATTENDED, (client, { signal }) => client.send(command, { abortSignal: signal })));
    });
  }

  ping(): Promise<Result<void, PluginFailure>> {
    const { bucket, prefix } = this.#config;
    return settle(UNATTENDED.signal, this.#link.explain(`list the bucket ${bucket}`), async () => {
      const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1 });
      await this.#link.ask(UNATTENDED, (client, { signal }) => client.send(command, { abortSignal: signal }));
    });
  }

  async close(): Promise<void> {
    this.#link.close();
  }

  #settle<T>(what: string, key: string, call: StorageCall, work: () => Promise<T>): Promise<Result<T, PluginFailure>> {
    return settle(call.signal, this.#link.explain(what), async () => {
      checkKey(key);
      return work();
    });
  }

  #target(key: string): Upload['target'] {
    const { bucket, prefix } = this.#config;
    return { Bucket: bucket, Key: prefix === '' ? key : `${prefix}/${key}` };
  }

  /** Uploads. The server has checked each part as it came; its size is looked at once more when it is whole. */
  async #store(work: Upload, key: string, call: StorageCall): Promise<void> {
    try {
      await upload(this.#link, work, call);
    } catch (thrown) {
      // Another put was faster, or is about to be. One that is done ends the uploads of the others; so may a rule of the bucket.
      if (!isRivalled(thrown) && !isLostUpload(thrown)) throw thrown;
    }
    if (await this.#holds(key, work, call)) return;
    throw new StorageStop(pluginFailure('STORAGE_UNREACHABLE', `another upload to ${key} goes on, or the server ended this one`));
  }

  /** The clip is stored and verified, so whatever fails here is no failure of its upload. */
  async #endLeftovers(work: Upload, call: StorageCall): Promise<void> {
    try {
      await endLeftovers(this.#link, work, call);
    } catch (thrown) {
      const { code, message } = this.#link.explain('end broken uploads')(thrown);
      this.#logger.warn({ code, key: work.target.Key, reason: message }, 'broken uploads stay in the bucket, and are paid for');
    }
  }

  /** Whether exactly these bytes are there, by the hash they were stored with, else by reading them. Others: STORAGE_CONFLICT. */
  async #holds(key: string, expected: Digest, call: StorageCall): Promise<boolean> {
    const head = await this.#head(key, call);
    if (head === undefined) return false;
    const isSame = head.ContentLength === expected.sizeBytes && (await this.#sha256Of(key, head, call)) === expected.sha256;
    if (!isSame) throw new StorageStop(pluginFailure('STORAGE_CONFLICT', `the bucket holds other bytes under ${key}`));
    return true;
  }

  async #sha256Of(key: string, head: HeadObjectCommandOutput, call: StorageCall): Promise<string> {
    return head.Metadata?.['sha256'] ?? (await this.#read(key, call, hashOf));
  }

  #head(key: string, call: StorageCall): Promise<HeadObjectCommandOutput | undefined> {
    const command = new HeadObjectCommand(this.#target(key));
    return unlessAbsent(this.#link.ask(call, (client, { signal }) => client.send(command, { abortSignal: signal })));
  }

  #read<T>(key: string, call: StorageCall, use: (body: AsyncIterable<Uint8Array>, patience: Patience) => Promise<T>): Promise<T> {
    return this.#link.ask(call, async (client, patience) => {
      const { Body } = await client.send(new GetObjectCommand(this.#target(key)), { abortSignal: patience.signal });
      if (!(Body instanceof Readable)) throw new Error('the SDK gave no stream');
      return use(Body, patience);
    });
  }
}

/** Undefined when the bucket has nothing there. */
const unlessAbsent = <T>(request: Promise<T>): Promise<T | undefined> =>
  request.catch((thrown: unknown) => {
    if (isAbsent(thrown)) return undefined;
    throw thrown;
  });

/** Relative to bucket and prefix, so that they can be moved. */
const stored = (key: string): StoredClip => ({ storageUri: `s3:${key}` });
