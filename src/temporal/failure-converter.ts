import { DefaultFailureConverter } from '@temporalio/common';

/** Takes messages and stacks of failures into a payload, which is encrypted like all others. Loaded by its path, into workflows too. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
