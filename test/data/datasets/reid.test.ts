// ReIDDataset from its list to packed samples.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPipeline } from '../../../src/data/pipeline';
import { catalogue } from '../../../src/lab/catalogue';
import { Random } from '../../../src/random';

const root = mkdtempSync(join(tmpdir(), 'detlab-reid-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeAll(async () => {
  mkdirSync(join(root, 'imgs'));
  for (const [name, width] of [
    ['a.png', 20],
    ['b c.png', 30],
  ] as const)
    await sharp({ create: { width, height: 50, channels: 3, background: 'red' } }).toFile(join(root, 'imgs', name));
  writeFileSync(join(root, 'list.txt'), 'a.png 0\nb c.png 2\nnothing\ngone.png 1\n');
});

const load = (options: object = {}, classes?: string[]) =>
  catalogue
    .build(
      'dataset',
      { type: 'ReIDDataset', data_root: root, ann_file: 'list.txt', data_prefix: { img_path: 'imgs' }, ...options },
      { path: 'data' },
    )
    .load(classes && { classes });

describe('ReIDDataset', () => {
  it('is a box of the size of each image, with its identity', async () => {
    const { records, classes, problems } = await load();
    expect(records.map(({ truths }) => [[...truths.bboxes], [...truths.labels]])).toEqual([
      [[0, 0, 20, 50], [0]],
      [[0, 0, 30, 50], [2]],
    ]);
    expect(classes).toEqual(['identity 0', 'identity 1', 'identity 2']);
    expect(problems.map(({ kind }) => kind).sort()).toEqual(['bad-annotation', 'missing-image']);
    expect((await load({}, ['x', 'y', 'z'])).classes).toEqual(['x', 'y', 'z']);
  });

  it('is packed by PackReIDInputs', async () => {
    const { records } = await load();
    const pipeline = buildPipeline([
      { type: 'LoadImageFromFile', to_float32: true },
      { type: 'Resize', scale: [128, 256], keep_ratio: false },
      { type: 'PackReIDInputs', meta_keys: ['flip', 'flip_direction'] },
    ]);
    const { image, truths, meta } = await pipeline.run(records[1], Random.seeded(0));
    expect([image.width, image.height, [...truths.bboxes], [...truths.labels]]).toEqual([
      128,
      256,
      [0, 0, 128, 256],
      [2],
    ]);
    expect(meta.oriShape).toEqual([50, 30]);
  });

  it('refuses other options', () => {
    expect(() => load({ triplet_sampler: { num_id: 4 } })).toThrow(/num_id/);
    expect(() => load({ filter_cfg: { min_size: 3 } })).toThrow(/filter_cfg/);
  });
});
