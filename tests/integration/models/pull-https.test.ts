import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CatalogueEntry } from '../../../src/models/catalogue.ts';
import { type PullProgress, pullEntry, pullModel } from '../../../src/models/pull-model.ts';
import { type FileHandler, type FileServer, openFileServer, sendRange, sendStalled } from '../../support/file-server.ts';
import { catalogueEntry, makeModelsDir, namesBelow, sha256, startPull } from '../../support/model-pull.ts';
import { errorOf, valueOf } from '../../support/value-of.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** 300 kB that do not repeat. */
const FILE = Buffer.from(Uint32Array.from({ length: 75_000 }, (_, index) => Math.imul(index + 1, 2_654_435_761)).buffer);
const INSTALLED = ['tested', 'tested/manifest.json', 'tested/model.onnx'];

let modelsDir: string;
let removeModels: () => Promise<void>;
let server: FileServer | undefined;

beforeEach(async () => {
  ({ modelsDir, remove: removeModels } = await makeModelsDir());
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  await removeModels();
});

/** A release whose server behaves as told. */
async function release(handle: FileHandler, changes: { sha256?: string; sizeBytes?: number } = {}): Promise<CatalogueEntry> {
  server = await openFileServer(handle);
  const source = { kind: 'https', url: `${server.origin}/model.onnx`, sha256: sha256(FILE), sizeBytes: FILE.length } as const;
  return catalogueEntry({ ...source, ...changes });
}
const healthy: FileHandler = (request, response) => sendRange(request, response, FILE);

describe('pulling a model from a release', () => {
  it('follows redirects, shows progress, and installs model and manifest together', async () => {
    // Given a release that redirects to where the file lies
    const entry = await release((request, response) => {
      if (request.url === '/model.onnx') response.writeHead(302, { location: '/elsewhere' }).end();
      else sendRange(request, response, FILE);
    });
    const seen: PullProgress[] = [];

    // When it is pulled
    const pulled = valueOf(await pullEntry(entry, { modelsDir, onProgress: (progress) => seen.push(progress) }));

    // Then the published bytes lie there with a manifest of them, and progress went up to the end
    expect(await readFile(pulled.path)).toEqual(FILE);
    expect(await namesBelow(modelsDir)).toEqual(INSTALLED);
    const manifest = JSON.parse(await readFile(join(modelsDir, 'tested', 'manifest.json'), 'utf8'));
    expect(manifest).toMatchObject({ id: 'tested', file: 'model.onnx', sha256: sha256(FILE), license: 'none' });
    expect(pulled.fetched).toBe(true);
    const downloads = seen.filter(({ step, doneBytes }) => step === 'download' && doneBytes !== undefined);
    expect(downloads.at(-1)).toEqual({ step: 'download', doneBytes: FILE.length, totalBytes: FILE.length });
    expect(seen.at(-1)).toEqual({ step: 'install' });
  });

  it('asks nobody when the model is there already', async () => {
    // Given a pulled model whose server is gone
    const entry = await release(healthy);
    valueOf(await pullEntry(entry, { modelsDir }));
    await server?.close();

    // When it is pulled again
    const again = valueOf(await pullEntry(entry, { modelsDir }));

    // Then it is simply there
    expect(again.fetched).toBe(false);
    expect(again.path).toBe(join(modelsDir, 'tested', 'model.onnx'));
  });

  it.each([
    {
      what: 'model with a flipped byte',
      damage: 'model.onnx',
      bytes: Buffer.concat([Buffer.from([FILE[0] === 1 ? 2 : 1]), FILE.subarray(1)]),
    },
    { what: 'truncated manifest', damage: 'manifest.json', bytes: Buffer.from('{"id": "tes') },
  ])('repairs a $what', async ({ damage, bytes }) => {
    // Given a pulled model with damage on disk
    const entry = await release(healthy);
    const { path } = valueOf(await pullEntry(entry, { modelsDir }));
    await writeFile(join(modelsDir, 'tested', damage), bytes);

    // When it is pulled again
    const again = valueOf(await pullEntry(entry, { modelsDir }));

    // Then it has been fetched anew, and nothing else lies about
    expect(again.fetched).toBe(true);
    expect(await readFile(path)).toEqual(FILE);
    expect(await namesBelow(modelsDir)).toEqual(INSTALLED);
  });

  it('lets two pulls at once download it once', async () => {
    // Given a release
    const entry = await release(healthy);

    // When two pull it together
    const both = await Promise.all([pullEntry(entry, { modelsDir }), pullEntry(entry, { modelsDir })]);

    // Then one of them has fetched it and both have it
    expect(both.filter((result) => valueOf(result).fetched)).toHaveLength(1);
    expect(server?.requests).toHaveLength(1);
  });

  it('takes a cut download up where it ended', async () => {
    // Given a server whose first answer is cut when some of it has arrived
    let cut = (): void => undefined;
    const entry = await release((request, response) => {
      cut = () => response.destroy();
      if (request.headers.range === undefined) sendStalled(response, FILE, 100_000);
      else sendRange(request, response, FILE);
    });
    const onProgress = ({ doneBytes = FILE.length }: PullProgress): void => {
      if (doneBytes <= 100_000) cut();
    };

    // When the model is pulled
    const pulled = valueOf(await pullEntry(entry, { modelsDir, onProgress }));

    // Then the second request asked for the rest only, and the file is whole
    expect(await readFile(pulled.path)).toEqual(FILE);
    expect(server?.requests).toEqual(['GET /model.onnx', expect.stringMatching(/^GET \/model\.onnx bytes=[1-9]\d*-$/)]);
  });

  it('starts again where the server knows no ranges', async () => {
    // Given a server that always sends all, and whose first answer is cut when some of it has arrived
    let cut = (): void => undefined;
    const entry = await release((request, response) => {
      cut = () => response.destroy();
      if (request.headers.range === undefined) sendStalled(response, FILE, 100_000);
      else response.writeHead(200, { 'content-length': FILE.length }).end(FILE);
    });
    const onProgress = ({ doneBytes = FILE.length }: PullProgress): void => {
      if (server?.requests.length === 1 && doneBytes <= 100_000) cut();
    };

    // When the model is pulled
    const pulled = valueOf(await pullEntry(entry, { modelsDir, onProgress }));

    // Then the file is whole
    expect(await readFile(pulled.path)).toEqual(FILE);
  });
});

interface Refusal {
  readonly what: string;
  readonly handle: FileHandler;
  readonly changes?: { readonly sha256?: string; readonly sizeBytes?: number };
  readonly code: string;
  readonly says: RegExp;
  readonly requests: number;
}
const REFUSALS: readonly Refusal[] = [
  {
    what: 'another file of the same length',
    handle: (_request, response) => void response.end(Buffer.alloc(FILE.length, 7)),
    code: 'MODEL_HASH_MISMATCH',
    says: new RegExp(sha256(FILE)),
    requests: 1,
  },
  {
    what: 'a longer file',
    handle: (_request, response) => void response.end(Buffer.concat([FILE, Buffer.from('more')])),
    code: 'MODEL_HASH_MISMATCH',
    says: /longer than 300000 bytes/,
    requests: 1,
  },
  {
    what: 'a shorter file, cleanly ended',
    handle: (_request, response) => void response.end(FILE.subarray(0, 200_000)),
    code: 'MODEL_TRUNCATED',
    says: /after 200000 of 300000 bytes/,
    requests: 4,
  },
  {
    what: 'a missing file',
    handle: (_request, response) => void response.writeHead(404).end('no such file'),
    code: 'MODEL_UNREACHABLE',
    says: /answered 404/,
    requests: 1,
  },
  {
    what: 'a server in trouble',
    handle: (_request, response) => void response.writeHead(503).end(),
    code: 'MODEL_UNREACHABLE',
    says: /answered 503/,
    requests: 4,
  },
  {
    what: 'a disk without room',
    handle: healthy,
    changes: { sizeBytes: 1e15 },
    code: 'MODEL_NO_SPACE',
    says: /1000000000\.0 MB are needed/,
    requests: 0,
  },
];

describe('a pull that cannot succeed', () => {
  it.each(REFUSALS)('because of $what says so and leaves nothing', async ({ handle, changes = {}, code, says, requests }) => {
    // Given a release that cannot be had
    const entry = await release(handle, changes);

    // When it is pulled
    const error = errorOf(await pullEntry(entry, { modelsDir }));

    // Then the error says where, what and how to fix it, and no part of it stays on disk
    expect(error.code).toBe(code);
    expect(error.what).toMatch(says);
    expect(error.where).toBe(code === 'MODEL_NO_SPACE' ? modelsDir : `${server?.origin}/model.onnx`);
    expect(error.fix).not.toBe('');
    expect(await namesBelow(modelsDir)).toEqual([]);
    expect(server?.requests).toHaveLength(requests);
  });

  it('because the connection is cut each time says how far it came', async () => {
    // Given a server that knows no ranges and whose every answer is cut when some of it has arrived
    let cut = (): void => undefined;
    const entry = await release((_request, response) => {
      cut = () => response.destroy();
      sendStalled(response, FILE, 100_000);
    });
    const onProgress = ({ doneBytes }: PullProgress): void => {
      if (doneBytes !== undefined) cut();
    };

    // When it is pulled
    const error = errorOf(await pullEntry(entry, { modelsDir, onProgress }));

    // Then it was tried four times, and nothing of it stays
    expect(error).toMatchObject({ code: 'MODEL_TRUNCATED', where: `${server?.origin}/model.onnx` });
    expect(error.what).toMatch(/after [1-9]\d* of 300000 bytes, 4 times/);
    expect(server?.requests).toHaveLength(4);
    expect(await namesBelow(modelsDir)).toEqual([]);
  });

  it('because nobody listens names the address and keeps the cause', async () => {
    // Given the address of a server that is gone
    const entry = await release(healthy);
    await server?.close();

    // When it is pulled
    const error = errorOf(await pullEntry(entry, { modelsDir }));

    // Then it is an unreachable server, with the system's reason among the causes
    expect(error.code).toBe('MODEL_UNREACHABLE');
    expect(error.causes.map((cause) => cause.code)).toContain('ECONNREFUSED');
    expect(await namesBelow(modelsDir)).toEqual([]);
  });

  it('keeps the intact old model of another version when the new one cannot be had', async () => {
    // Given an installed model, and a catalogue that now wants another one that is not to be had
    const entry = await release(healthy);
    const { path } = valueOf(await pullEntry(entry, { modelsDir }));
    const newer = catalogueEntry({
      kind: 'https',
      url: `${server?.origin}/new.onnx`,
      sha256: sha256(Buffer.from('new')),
      sizeBytes: 3,
    });

    // When the new one is pulled
    const error = errorOf(await pullEntry(newer, { modelsDir }));

    // Then the pull fails and the old model is untouched
    expect(error.code).toBe('MODEL_HASH_MISMATCH');
    expect(await readFile(path)).toEqual(FILE);
    expect(await namesBelow(modelsDir)).toEqual(INSTALLED);
  });

  it('because it was aborted leaves nothing', async () => {
    // Given a download that stands still half-way
    const entry = await release((_request, response) => sendStalled(response, FILE, 100_000));
    const abort = new AbortController();
    const onProgress = ({ doneBytes }: PullProgress): void => {
      if (doneBytes !== undefined) abort.abort();
    };

    // When the caller gives up
    const error = errorOf(await pullEntry(entry, { modelsDir, signal: abort.signal, onProgress }));

    // Then it says that it was interrupted, and the folder is clean
    expect(error.code).toBe('MODEL_CANCELLED');
    expect(await namesBelow(modelsDir)).toEqual([]);
  });

  it('because it was aborted while another pull was under way disturbs nobody', async () => {
    // Given a pull that holds the models while its download stands still
    const entry = await release((_request, response) => sendStalled(response, FILE, 100_000));
    const abortFirst = new AbortController();
    const first = pullEntry(entry, { modelsDir, signal: abortFirst.signal });
    await waitUntil('the first pull downloads', () => server?.requests.length === 1);

    // When a second one waits and gives up, and then the first one does
    const second = errorOf(await pullEntry(entry, { modelsDir, signal: AbortSignal.timeout(50) }));
    const leftToFirst = await namesBelow(modelsDir);
    abortFirst.abort();
    await first;

    // Then the second was cancelled, had not touched the work of the first, and asked for nothing
    expect(second.code).toBe('MODEL_CANCELLED');
    expect(leftToFirst).toEqual(expect.arrayContaining([expect.stringMatching(/^\.work-.*model\.onnx$/)]));
    expect(server?.requests).toHaveLength(1);
    expect(await namesBelow(modelsDir)).toEqual([]);
  });

  it('because its lock was taken away says so and installs nothing', async () => {
    // Given a pull whose download stands still
    const entry = await release((_request, response) => sendStalled(response, FILE, 100_000));
    const pulling = pullEntry(entry, { modelsDir });
    await waitUntil('the pull downloads', () => server?.requests.length === 1);

    // When another process takes its lock, believing it dead
    await rm(join(modelsDir, '.lock'), { recursive: true });
    const error = errorOf(await pulling);

    // Then it gives way
    expect(error.code).toBe('MODEL_BUSY');
    expect(await namesBelow(modelsDir)).toEqual([]);
  });

  it('because the disk fills up while it writes leaves nothing', async () => {
    // Given a process that may not write files of more than 100 kB
    const entry = await release(healthy);

    // When it pulls a model of 300 kB
    const child = startPull(entry, modelsDir, {}, 'ulimit -f 100;');
    await child.ended;

    // Then it says that there is no room, and the folder is clean
    expect(child.output()).toContain('"MODEL_NO_SPACE"');
    expect(await namesBelow(modelsDir)).toEqual([]);
  });

  it('because its process was killed half-way leaves no model, and the next pull cleans up', async () => {
    // Given a process in the middle of a download
    let stalls = true;
    const entry = await release((request, response) =>
      stalls ? sendStalled(response, FILE, 100_000) : sendRange(request, response, FILE),
    );
    const child = startPull(entry, modelsDir);
    await waitUntil('the download is half-way', () => child.output().includes('doneBytes'));

    // When it is killed, and another process pulls with a healthy server
    child.killAll();
    await child.ended;
    const afterKill = await namesBelow(modelsDir);
    stalls = false;
    const pulled = valueOf(await pullEntry(entry, { modelsDir }));

    // Then the kill left nothing that looks like a model, and now there is the whole one and nothing else
    expect(afterKill.filter((name) => name.startsWith('tested'))).toEqual([]);
    expect(pulled.fetched).toBe(true);
    expect(await readFile(pulled.path)).toEqual(FILE);
    expect(await namesBelow(modelsDir)).toEqual(INSTALLED);
  });

  it('because the catalogue has no such model names those that it has', async () => {
    // Given a name with a slip

    // When it is pulled
    const error = errorOf(await pullModel('yolox-tiny', { modelsDir }));

    // Then the right name is among the proposals
    expect(error).toMatchObject({ code: 'MODEL_UNKNOWN', where: 'yolox-tiny', fix: expect.stringContaining('yolox_tiny') });
  });
});
