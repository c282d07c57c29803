import type { Command } from 'commander';
import { addCameraMotion } from './camera-motion.ts';

const VERBS = [addCameraMotion];

export function addCameras(program: Command): void {
  const cameras = program.command('cameras').summary('cameras: try out what they would record');
  for (const add of VERBS) add(cameras);
}
