// YOLOv4, an eighth as wide, learns Toytown with mosaics: its loss falls, and it finds what is in images that it has not seen.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dataset, detector, startEngine } from '../../../src';
import { bboxOverlaps } from '../../../src/geometry/boxes';
import { trainedConfig } from '../../web/trained';

const dir = mkdtempSync(join(tmpdir(), 'detlab-yolov4-'));
beforeAll(async () => void (await startEngine()));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test('YOLOv4 learns Toytown', { timeout: 1_800_000 }, async () => {
  const data = await dataset.toytown({ images: 80, seed: 3, width: 160, height: 120, dir });
  const { train_dataloader: loader, ...config } = trainedConfig('YOLOv4', 40);
  const { dataset: plain } = loader as { dataset: { pipeline: object[] } };
  const mosaics = {
    type: 'MultiImageMixDataset',
    dataset: { ...plain, pipeline: plain.pipeline.slice(0, 2) },
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
  const recipe = detector({ ...config, train_dataloader: { ...loader, batch_size: 8, dataset: mosaics } } as never);
  const { model, history } = await recipe
    .named('YOLOv4 <narrow>')
    .classes(data.classes)
    .fit(data, { seed: 1, workers: 0, workDir: false, log: () => {} });
  const losses = history.train.map(({ loss }) => loss);
  console.log(
    losses
      .filter((_, i) => i % 20 === 0)
      .map((v) => v.toFixed(1))
      .join(' '),
  );
  expect(losses.at(-1)!).toBeLessThan(losses[0] / 10);
  let [found, all] = [0, 0];
  for (const record of data.val.records) {
    const [{ bboxes, scores }] = [await model.predict(record)].flat() as never as {
      bboxes: Float32Array;
      scores: Float32Array;
    }[];
    const sure = Float32Array.from(bboxes).filter((_, i) => scores[i >> 2] > 0.3);
    const { bboxes: truths } = record.truths;
    const overlaps = bboxOverlaps(truths, sure);
    const count = sure.length / 4;
    for (let g = 0; g < truths.length / 4; g++)
      if (Math.max(0, ...overlaps.subarray(g * count, (g + 1) * count)) > 0.5) found++;
    all += truths.length / 4;
  }
  console.log(found, all);
  expect(found / all).toBeGreaterThan(0.5);
  model.dispose();
});
