import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { create } from 'tar';
import { type FileServer, openFileServer } from './file-server.ts';
import { integrityOf } from './model-pull.ts';

/** How a registry treats its one package `tested-model@1.0.0`. */
export interface RegistryBehaviour {
  /** What the package's metadata promises; left out: the truth. */
  readonly promised?: Uint8Array;
  /** Left out: all of it is sent. */
  readonly sentBytes?: number;
}

/** An npm registry on this machine with one package. */
export function openNpmRegistry(
  tarball: Uint8Array,
  { promised = tarball, sentBytes }: RegistryBehaviour = {},
): Promise<FileServer> {
  const file = '/tested-model/-/tested-model-1.0.0.tgz';
  return openFileServer((request, response) => {
    if (request.url === file) {
      response.writeHead(200, { 'content-length': tarball.length });
      if (sentBytes === undefined) response.end(tarball);
      else response.write(tarball.subarray(0, sentBytes));
      return;
    }
    const shasum = createHash('sha1').update(promised).digest('hex');
    const dist = { tarball: `http://${request.headers.host}${file}`, integrity: integrityOf(promised), shasum };
    const version = { name: 'tested-model', version: '1.0.0', dist };
    const packument = { name: 'tested-model', 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': version } };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(packument));
  });
}

/** A package tarball of the given files, made in a folder that the caller removes. */
export async function packFiles(folder: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<Uint8Array> {
  for (const [name, content] of Object.entries({ 'package.json': '{"name":"tested-model","version":"1.0.0"}', ...files })) {
    const path = join(folder, 'package', name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
  const file = join(folder, 'packed.tgz');
  await create({ file, cwd: folder, gzip: true, portable: true, mtime: new Date(0) }, ['package']);
  return readFile(file);
}
