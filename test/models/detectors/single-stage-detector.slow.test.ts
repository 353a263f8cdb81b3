// YOLOv4, an eighth as wide, learns Toytown with mosaics: its loss falls.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dataset, detector, startEngine } from '../../../src';
import type { ConfigObject, ConfigValue } from '../../../src/config';
import { trainedConfig } from '../../web/trained';

const dir = mkdtempSync(join(tmpdir(), 'detlab-yolov4-'));
beforeAll(async () => void (await startEngine()));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test('YOLOv4 learns Toytown', { timeout: 1_800_000 }, async () => {
  const data = await dataset.toytown({ images: 48, seed: 3, width: 160, height: 120, dir });
  const { train_dataloader, ...config } = trainedConfig('YOLOv4', 40);
  const loader = train_dataloader as ConfigObject;
  const plain = loader.dataset as ConfigObject;
  const mosaics = {
    type: 'MultiImageMixDataset',
    dataset: { ...plain, pipeline: (plain.pipeline as ConfigValue[]).slice(0, 2) },
    pipeline: [
      { type: 'Mosaic', img_scale: [128, 160], pad_val: 114 },
      {
        type: 'RandomAffine',
        max_rotate_degree: 0,
        max_shear_degree: 0,
        scaling_ratio_range: [0.8, 1.2],
        border: [-64, -80],
      },
      { type: 'RandomFlip', prob: 0.5 },
      { type: 'FilterAnnotations', min_gt_bbox_wh: [2, 2], keep_empty: false },
      { type: 'PackDetInputs' },
    ],
  };
  const recipe = detector({ ...config, train_dataloader: { ...loader, batch_size: 4, dataset: mosaics } });
  const { model, history } = await recipe
    .named('YOLOv4 <narrow>')
    .classes(data.classes)
    .fit(data, { seed: 1, workers: 0, workDir: false, log: () => {} });
  const losses = history.train.map(({ loss }) => loss);
  expect(losses.at(-1)!).toBeLessThan(losses[0] / 2);
  model.dispose();
});
