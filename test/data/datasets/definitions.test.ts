// Options of datasets in configs: which images `indices` selects, a data_root of null, the palette.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import type { DatasetLoader } from '../../../src/data/datasets/dataset-loader';
import { catalogue } from '../../../src/lab/catalogue';

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-definitions-'));
afterAll(() => rmSync(folder, { recursive: true }));
const ids = [11, 12, 13, 14];

beforeAll(async () => {
  const side = { width: 8, height: 8 };
  for (const id of ids)
    await sharp({ create: { ...side, channels: 3, background: '#888' } })
      .png()
      .toFile(path.join(folder, `${id}.png`));
  const images = ids.map((id) => ({ id, file_name: `${id}.png`, ...side }));
  const annotations = ids.map((id) => ({ id, image_id: id, category_id: 1, bbox: [1, 1, 4, 4], area: 16, iscrowd: 0 }));
  writeFileSync(
    path.join(folder, 'a.json'),
    JSON.stringify({ images, annotations, categories: [{ id: 1, name: 'cell' }] }),
  );
});

const loaded = (options: Record<string, unknown>, wrapped = (config: object): object => config) => {
  const config = {
    ...{ type: 'CocoDataset', data_root: null, ...options },
    ann_file: path.join(folder, 'a.json'),
    data_prefix: { img: folder },
  };
  const loader = catalogue.build('dataset', wrapped(config) as ModuleConfig, { path: 'dataset' }) as DatasetLoader;
  return loader.load();
};
const load = async (indices: unknown) => (await loaded({ indices })).records.map(({ id }) => id);

// as mmengine's get_subset
test.each([
  [null, ids],
  [2, [11, 12]],
  [-1, [14]],
  [
    [3, 0, -1],
    [14, 11, 14],
  ],
])('indices: %j', async (indices, expected) => expect(await load(indices)).toEqual(expected));

test('an index beyond the images is an error', async () => {
  await expect(load([4])).rejects.toThrow('Cannot use indices of dataset "a": expected -4 to 3, received 4');
});

test('a palette has a colour for each class, also inside wrappers', async () => {
  const metainfo = { palette: [[220, 20, 60]] };
  expect((await loaded({ metainfo })).palette).toEqual(['#dc143c']);
  const twice = (config: object) => ({ type: 'ConcatDataset', datasets: [config, config] });
  expect((await loaded({ metainfo }, twice)).palette).toEqual(['#dc143c']);
  expect((await loaded({ metainfo: { palette: 'random' } })).palette).toBeUndefined();
  const two = { metainfo: { classes: ['cell', 'platelet'], palette: [[1, 2, 3]] }, absent_classes: 'note' };
  await expect(async () => loaded(two)).rejects.toThrow(/dataset.*palette: expected a color for each of the 2 classes/);
});

test('fewer colours than classes of the file are an error', async () => {
  const file = path.join(folder, 'two.json');
  const categories = ['cell', 'platelet'].map((name, i) => ({ id: i + 1, name }));
  const images = [{ id: 11, file_name: '11.png', width: 8, height: 8 }];
  const annotations = categories.map(({ id }) => ({
    id,
    image_id: 11,
    category_id: id,
    bbox: [1, 1, 4, 4],
    area: 16,
    iscrowd: 0,
  }));
  writeFileSync(file, JSON.stringify({ images, annotations, categories }));
  const atFile = (config: object) => ({ ...config, ann_file: file });
  await expect(loaded({ metainfo: { palette: [[1, 2, 3]] } }, atFile)).rejects.toThrow(
    'Cannot use dataset.metainfo.palette: expected a color for each of the 2 classes, received 1',
  );
});

test.each(['BaseDetDataset', 'CustomDataset'])(
  '%s reads the middle format, classes of the config first',
  async (type) => {
    const instances = [{ bbox: [1, 1, 5, 5], bbox_label: 0, ignore_flag: 0 }];
    const entries = ids.map((id) => ({ img_path: `${id}.png`, img_id: id, width: 8, height: 8, instances }));
    writeFileSync(path.join(folder, 'middle.json'), JSON.stringify({ metainfo: {}, data_list: entries }));
    const config = {
      ...{ type, data_root: folder, ann_file: 'middle.json', data_prefix: { img_path: '' }, indices: 2 },
      metainfo: { classes: ['cell'] },
    };
    const loader = catalogue.build('dataset', config as ModuleConfig, { path: 'dataset' }) as DatasetLoader;
    const { classes, records } = await loader.load();
    expect([classes, records.map(({ id }) => id), [...records[0].truths.bboxes]]).toEqual([
      ['cell'],
      [11, 12],
      [1, 1, 5, 5],
    ]);
  },
);
