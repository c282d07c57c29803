import { setTimeout as delay } from 'node:timers/promises';

/** Waits for a condition that another process or callback brings about; fails, naming it, when it does not come. */
export async function waitUntil(what: string, condition: () => boolean | Promise<boolean>, limitMs = 30_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${limitMs} ms in vain for: ${what}`);
    await delay(20);
  }
}
