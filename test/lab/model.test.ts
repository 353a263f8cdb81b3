// Mask R-CNN from a dataset with outlines to detections with masks: training, evaluation, prediction, the picture.

import { mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { catalogue, dataset, type LabDataset, type Report } from '../../src';
import { rleArea } from '../../src/masks';
import { smallSOLOv2 } from './small-instances';
import { smallMask } from './small-mask';

let data: LabDataset;
beforeAll(async () => {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'detlab-mask-'));
  const images = [];
  const annotations = [];
  for (let i = 0; i < 4; i++) {
    const pixels = new Uint8Array(96 * 64 * 3).fill(90);
    const [x, y, w, h] = [8 + 10 * i, 10 + 4 * i, 40, 30];
    const triangle = [x, y + h, x + w / 2, y, x + w, y + h];
    // a bright triangle on grey
    for (let py = y; py < y + h; py++)
      for (let px = x; px < x + w; px++)
        if (Math.abs(px - x - w / 2) < ((py - y) / h) * (w / 2))
          pixels.fill(230, 3 * (py * 96 + px), 3 * (py * 96 + px + 1));
    await sharp(pixels, { raw: { width: 96, height: 64, channels: 3 } })
      .png()
      .toFile(path.join(dir, `${i}.png`));
    images.push({ id: i + 1, file_name: `${i}.png`, width: 96, height: 64 });
    annotations.push({
      id: i + 1,
      image_id: i + 1,
      category_id: 1,
      bbox: [x, y, w, h],
      area: (w * h) / 2,
      iscrowd: 0,
      segmentation: [triangle],
    });
  }
  const file = path.join(dir, 'a.json');
  writeFileSync(file, JSON.stringify({ images, annotations, categories: [{ id: 1, name: 'tent' }] }));
  data = await dataset.coco(file, dir);
});

/** The detections that a report keeps give its metrics again. */
async function expectSameMetrics({ results, metrics }: Report): Promise<void> {
  const metric = await catalogue.build('metric', results!.metric, { path: 'val_evaluator' })(results!.dataset);
  for (const { imageId, record, detections } of results!.images) {
    expect(record.id).toBe(imageId);
    expect(detections.masks?.length).toBe(detections.scores.length);
    for (const array of [detections.bboxes, detections.scores, detections.labels])
      expect(array.buffer.byteLength).toBe(array.byteLength);
    metric.add(imageId, detections);
  }
  expect(results!.images.length).toBe(results!.dataset.records.length);
  expect(metric.compute().metrics).toEqual(metrics);
}

test.each([
  ['Mask R-CNN', smallMask],
  ['SOLOv2', smallSOLOv2],
])('%s fits, evaluates boxes and masks, and predicts masks that draw themselves', async (_, small) => {
  const lines: string[] = [];
  const run = await small()
    .classes(data.classes)
    .fit(data, {
      epochs: 2,
      batch: 2,
      seed: 1,
      workDir: false,
      logInterval: 1,
      log: (line: string) => void lines.push(line),
    });
  expect(lines.some((line) => /loss_mask: \d/.test(line))).toBe(true);
  const report = await run.model.evaluate(data);
  expect(Object.keys(report.metrics)).toEqual(expect.arrayContaining(['AP', 'segm_AP', 'segm_AR@100']));
  expect(report.logNames()['coco/segm_mAP']).toBe(report.metrics.segm_AP);
  await expectSameMetrics(report);
  expect(Object.keys(JSON.parse(JSON.stringify(report)))).not.toContain('results');
  const [record] = data.train.records;
  const found = await run.model.predict(record.path, { threshold: 0 });
  expect(found.length).toBeGreaterThan(0);
  for (const { mask, bbox } of found) {
    expect([mask!.height, mask!.width]).toEqual([64, 96]);
    // a mask lies within its box, give or take a pixel
    expect(rleArea(mask!)).toBeLessThanOrEqual((bbox[2] - bbox[0] + 3) * (bbox[3] - bbox[1] + 3));
  }
  expect((await found.draw()).subarray(1, 4).toString()).toBe('PNG');
  expect((await data.grid(2)).length).toBeGreaterThan(1000);
});
