import { definePlugin } from '../../spec/plugin.ts';
import { checkYoloConfig } from './check-config.ts';
import { yoloConfigSchema } from './config.ts';
import { classesOf } from './settings.ts';
import { createYoloFilter } from './yolo-filter.ts';

/** Looks for people, cars, dogs and the like in a clip, on this machine, with an ONNX model of the YOLO kind. */
export const yoloFilter = definePlugin({
  kind: 'filter',
  backend: 'yolo',
  configSchema: yoloConfigSchema,
  checkConfig: checkYoloConfig,
  classesOf,
  create: createYoloFilter,
});
