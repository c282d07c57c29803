import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  type UploadPartCommandInput,
} from '@aws-sdk/client-s3';
import { z } from 'zod';
import { pluginFailure } from '../../../domain/stage-error.ts';
import { slicesToSend } from '../../../kit/local-bytes.ts';
import type { Patience } from '../../../kit/patience.ts';
import { StorageStop } from '../../../kit/storage-stop.ts';
import type { StorageCall } from '../../spec/storage.ts';
import { isLostUpload } from './failures.ts';
import type { S3Link } from './s3-link.ts';

/** What is to be stored, and where. */
export interface Upload {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** SHA-256 of each part, in order; one for a file of no bytes. */
  readonly partHashes: readonly Buffer[];
  readonly partBytes: number;
  readonly target: { readonly Bucket: string; readonly Key: string };
  readonly contentType: string;
}

const savedSchema = z.strictObject({ sha256: z.string(), partBytes: z.number(), uploadId: z.string() });

/** Never replaces: refused by the server when the key has come to hold something. */
const NEW_ONLY = { IfNoneMatch: '*' } as const;

/** Uploads in one request what fits into a part, anything larger in several. */
export function upload(link: S3Link, work: Upload, call: StorageCall): Promise<void> {
  return work.partHashes.length > 1 ? uploadInParts(link, work, call) : uploadAtOnce(link, work, call);
}

async function uploadAtOnce(link: S3Link, work: Upload, call: StorageCall): Promise<void> {
  await link.ask(call, (client, patience) =>
    withBody(work, 0, patience, (body, abortSignal) =>
      client.send(new PutObjectCommand({ ...work.target, ...factsOf(work), ...body, ...NEW_ONLY }), { abortSignal }),
    ),
  );
}

/** Goes on with the upload that an earlier attempt has left, with the parts that the server has and can prove. */
async function uploadInParts(link: S3Link, work: Upload, call: StorageCall): Promise<void> {
  const saved = savedSchema.safeParse(call.savedProgress).data;
  const isOurs = saved?.sha256 === work.sha256 && saved.partBytes === work.partBytes;
  const known = isOurs ? await keptParts(link, work, saved.uploadId, call) : undefined;
  const uploadId = known === undefined ? await begin(link, work, call) : (saved?.uploadId ?? '');
  const parts = known ?? new Map<number, CompletedPart>();
  call.saveProgress?.({ sha256: work.sha256, partBytes: work.partBytes, uploadId });
  for (let index = 0; index < work.partHashes.length; index += 1) {
    if (!parts.has(index + 1)) parts.set(index + 1, await sendPart(link, work, { uploadId, index }, call));
  }
  const Parts = work.partHashes.map((_hash, index) => parts.get(index + 1) ?? {});
  const command = new CompleteMultipartUploadCommand({
    ...work.target,
    UploadId: uploadId,
    MultipartUpload: { Parts },
    ...NEW_ONLY,
  });
  await link.ask(call, (client, { signal }) => client.send(command, { abortSignal: signal }));
}

async function begin(link: S3Link, work: Upload, call: StorageCall): Promise<string> {
  const command = new CreateMultipartUploadCommand({ ...work.target, ...factsOf(work), ChecksumAlgorithm: 'SHA256' });
  const { UploadId } = await link.ask(call, (client, { signal }) => client.send(command, { abortSignal: signal }));
  if (UploadId !== undefined) return UploadId;
  throw new StorageStop(pluginFailure('STORAGE_UNREACHABLE', 'the server began an upload and gave it no id'));
}

/** Undefined when the server no longer knows the upload. A part whose checksum it does not tell is sent again. */
async function keptParts(
  link: S3Link,
  { target, partHashes }: Upload,
  UploadId: string,
  call: StorageCall,
): Promise<Map<number, CompletedPart> | undefined> {
  const kept = new Map<number, CompletedPart>();
  // Not the SDK's own paginator: it goes on for ever where a server gives a marker with its last page.
  for (let marker: string | undefined = '0'; marker !== undefined; ) {
    const command: ListPartsCommand = new ListPartsCommand({ ...target, UploadId, PartNumberMarker: marker });
    const request = link.ask(call, (client, { signal }) => client.send(command, { abortSignal: signal }));
    const page = await request.catch((thrown: unknown) => {
      if (isLostUpload(thrown)) return undefined;
      throw thrown;
    });
    if (page === undefined) return undefined;
    for (const { PartNumber = 0, ETag, ChecksumSHA256 } of page.Parts ?? []) {
      const isRight = ChecksumSHA256 !== undefined && ChecksumSHA256 === partHashes[PartNumber - 1]?.toString('base64');
      if (isRight && ETag !== undefined) kept.set(PartNumber, { PartNumber, ETag, ChecksumSHA256 });
    }
    marker = page.IsTruncated === true ? page.NextPartNumberMarker : undefined;
  }
  return kept;
}

async function sendPart(
  link: S3Link,
  work: Upload,
  { uploadId, index }: { uploadId: string; index: number },
  call: StorageCall,
): Promise<CompletedPart> {
  const part = { ...work.target, UploadId: uploadId, PartNumber: index + 1 };
  const { ETag, ChecksumSHA256 } = await link.ask(call, (client, patience) =>
    withBody(work, index, patience, (body, abortSignal) =>
      client.send(new UploadPartCommand({ ...part, ...body }), { abortSignal }),
    ),
  );
  const checksum = ChecksumSHA256 === undefined ? {} : { ChecksumSHA256 };
  return { PartNumber: index + 1, ...(ETag === undefined ? {} : { ETag }), ...checksum };
}

/** Ends what other attempts have left of uploads to the same key: each part is paid for until then. */
export async function endLeftovers(link: S3Link, { target }: Pick<Upload, 'target'>, call: StorageCall): Promise<void> {
  const { Bucket, Key } = target;
  const list = new ListMultipartUploadsCommand({ Bucket, Prefix: Key });
  const { Uploads = [] } = await link.ask(call, (client, { signal }) => client.send(list, { abortSignal: signal }));
  for (const { Key: key, UploadId } of Uploads) {
    if (key !== Key) continue;
    const abort = new AbortMultipartUploadCommand({ ...target, UploadId });
    await link
      .ask(call, (client, { signal }) => client.send(abort, { abortSignal: signal }))
      .catch((thrown: unknown) => {
        if (!isLostUpload(thrown)) throw thrown;
      });
  }
}

const factsOf = ({ sha256, contentType }: Upload) => ({ Metadata: { sha256 }, ContentType: contentType });

/**
 * Makes a request with the bytes of a part. The SDK pipes them without looking for errors, which would end the process: here
 * bytes that cannot be read end the request, and a request that ends lets go of the bytes.
 */
async function withBody<T>(
  { handle, sizeBytes, partBytes, partHashes }: Upload,
  index: number,
  patience: Patience,
  request: (body: Pick<UploadPartCommandInput, 'Body' | 'ContentLength' | 'ChecksumSHA256'>, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const [start, end] = [index * partBytes, Math.min((index + 1) * partBytes, sizeBytes)];
  const unreadable = new AbortController();
  const Body = Readable.from(slicesToSend(handle, { start, end }, patience));
  Body.on('error', (thrown) => unreadable.abort(thrown));
  const body = { Body, ContentLength: end - start, ChecksumSHA256: partHashes[index]?.toString('base64') };
  try {
    return await request(body, AbortSignal.any([patience.signal, unreadable.signal]));
  } catch (thrown) {
    throw unreadable.signal.aborted ? unreadable.signal.reason : thrown;
  } finally {
    Body.destroy();
  }
}
