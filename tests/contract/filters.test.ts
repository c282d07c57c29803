import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { yoloFilter } from '../../src/plugins/filters/yolo/index.ts';
import { ScriptedFilter } from '../fakes/scripted-filter.ts';
import { createTestContext } from '../support/plugin-context.ts';
import { type MediaFolder, openMediaFolder } from '../support/test-media.ts';
import { installReddestModel } from '../support/tiny-model.ts';
import { describeFilter, type FilterClips } from './filter.contract.ts';

let media: MediaFolder;
let clips: FilterClips;
beforeAll(async () => {
  media = await openMediaFolder();
  await installReddestModel(media.file('models'));
  const broken = media.file('broken.mp4');
  await writeFile(broken, 'no video');
  const visit = "color=black:d=4:r=10:s=256x128,drawbox=c=red:t=fill:enable='between(t,1,3)'";
  clips = {
    wanted: await media.clip('visit.mp4', visit),
    empty: await media.clip('nobody.mp4', 'color=black:d=3:r=10:s=256x128'),
    broken,
  };
});
afterAll(() => media.remove());

// A tiny model that takes what is red for a person; the real ones have their own tests on real footage.
describeFilter('yolo', async () => {
  const config = yoloFilter.configSchema.parse({ model: 'reddest' });
  const filter = yoloFilter.create(config, createTestContext({ modelsDir: media.file('models') }));
  return { filter, wanted: 'person', clips, dispose: async () => {} };
});

describeFilter('scripted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'homesec-scripted-filter-'));
  const file = async (name: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, '');
    return path;
  };
  return {
    filter: new ScriptedFilter(),
    wanted: 'person',
    clips: { wanted: await file('person+dog.mp4'), empty: await file('empty.mp4'), broken: await file('broken.mp4') },
    dispose: () => rm(folder, { recursive: true }),
  };
});
