/** Bundles the workflows for the process that forked this one, and ends. */
import { createLogger } from '../src/kit/logger.ts';
import { bundleWorkflows } from './workflow-bundle.ts';

// Nobody would take the answer any more.
process.once('disconnect', () => process.exit(1));
const bundle = await bundleWorkflows(createLogger({ level: 'warn' }), process.argv[2]);
process.send?.(bundle, () => process.exit(0));
