import { afterEach } from 'vitest';
import { mqttNotifier } from '../../src/plugins/notifiers/mqtt/index.ts';
import type { Notifier } from '../../src/plugins/spec/notifier.ts';
import { createTestContext, type TestContext } from './plugin-context.ts';

export interface Channel {
  readonly notifier: Notifier;
  readonly context: TestContext;
}

/** What a test opened is closed after it, newest first. */
export function useCleanup(): (undo: () => Promise<unknown>) => void {
  const undos: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) await undo();
  });
  return (undo) => void undos.push(undo);
}

/** A channel with the given settings, started as a worker does, and the given variables to be read. */
export async function createChannel(config: Record<string, unknown>, secrets: Record<string, string> = {}): Promise<Channel> {
  const context = createTestContext({ secrets });
  const notifier = await mqttNotifier.create(mqttNotifier.configSchema.parse(config), context);
  notifier.start();
  return { notifier, context };
}
