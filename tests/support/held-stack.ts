import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

export const holderOptionsSchema = z.strictObject({
  dataDir: z.string(),
  postgresPackageDir: z.string().exactOptional(),
  postgres: z.literal(false).exactOptional(),
  temporal: z.literal(false).exactOptional(),
  broker: z.literal(false).exactOptional(),
  /** Gives up root first. */
  runAsUid: z.int().exactOptional(),
});
export type HolderOptions = z.infer<typeof holderOptionsSchema>;

const endpointsSchema = z.object({ pid: z.number(), postgresDsn: z.string().optional(), mqttUrl: z.string().optional() });

/** A process that holds a stack, to be ended by whatever a test wants to try. */
export interface HeldStack extends AsyncDisposable {
  readonly endpoints: z.infer<typeof endpointsSchema>;
  /** Resolves when the process is gone: the signal that ended it, if one did. */
  end(signal: NodeJS.Signals): Promise<NodeJS.Signals | null>;
}

export async function holdStack(options: HolderOptions): Promise<HeldStack> {
  const script = fileURLToPath(new URL('./stack-holder.ts', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  const endpoints = endpointsSchema.parse(JSON.parse(await firstLine(child)));
  const end = async (signal: NodeJS.Signals): Promise<NodeJS.Signals | null> => {
    child.kill(signal);
    await exit;
    return child.signalCode;
  };
  return { endpoints, end, [Symbol.asyncDispose]: () => disposeOf(end, exit) };
}

/** Ends it by force where it does not end when asked, so that a test that shows this leaves nothing behind. */
async function disposeOf(end: HeldStack['end'], exit: Promise<unknown>): Promise<void> {
  const force = setTimeout(() => void end('SIGKILL'), 20_000);
  await Promise.race([end('SIGTERM'), exit]);
  clearTimeout(force);
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the holder has no output');
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error('the holder ended without opening its stack');
}
