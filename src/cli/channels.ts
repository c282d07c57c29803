import type { Command } from 'commander';
import { addChannelTest } from './channel-test.ts';

export function addChannels(program: Command): void {
  const channels = program
    .command('channels')
    .summary('channels: whether alerts get through')
    .description('The channels over which alerts go out, as configured under `notifiers`.');
  addChannelTest(channels);
}
