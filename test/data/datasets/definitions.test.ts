// Options of datasets in configs: which images `indices` selects, and a data_root of null.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
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

const load = async (indices: unknown) => {
  const config = {
    ...{ type: 'CocoDataset', data_root: null, indices },
    ann_file: path.join(folder, 'a.json'),
    data_prefix: { img: folder },
  };
  const loader = catalogue.build('dataset', config, { path: 'dataset' }) as DatasetLoader;
  return (await loader.load()).records.map(({ id }) => id);
};

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
