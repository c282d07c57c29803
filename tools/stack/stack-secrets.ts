import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { CHECKOUT } from './service-words.ts';

/** The owner's .env; where there is none, the example with its empty passwords filled in, kept in `dir`. */
export async function openStackSecrets(dir: string): Promise<NodeJS.ProcessEnv> {
  const [own, kept] = [join(CHECKOUT, '.env'), join(dir, '.env')];
  if (existsSync(own)) return parseEnv(await readFile(own, 'utf8'));
  if (!existsSync(kept)) {
    const example = await readFile(join(CHECKOUT, '.env.example'), 'utf8');
    await mkdir(dir, { recursive: true, mode: 0o711 });
    await writeFile(
      kept,
      example.replaceAll(/^(\w+)=$/gm, (line) => line + randomBytes(24).toString('hex')),
      { mode: 0o600 },
    );
  }
  return parseEnv(await readFile(kept, 'utf8'));
}
