import type { Command } from 'commander';
import { addCameraMotion } from './camera-motion.ts';
import { addCameraTest } from './camera-test.ts';
import { addCamerasList } from './cameras-list.ts';

const VERBS = [addCamerasList, addCameraTest, addCameraMotion];

export function addCameras(program: Command): void {
  const cameras = program
    .command('cameras')
    .summary('cameras: how they are, and what they would record')
    .description('How the cameras of this machine are, whether they can be recorded, and when they would record.');
  for (const add of VERBS) add(cameras);
}
