// Segments of a shipped panoptic config on data in COCO's panoptic format: measured by `detlab test`, saved, and refused where they would
// be lost.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { detector, ensemble, type Model } from '../../../src';
import { panopticPng } from '../../../src/masks/panoptic-png';
import { detlab } from '../../cli/detlab';

const root = mkdtempSync(join(tmpdir(), 'detlab-cli-panoptic-'));
const [weights, image] = [join(root, 'model.safetensors'), join(root, 'val2017', 'a.jpg')];
let model: Model;
const [WIDTH, HEIGHT] = [64, 48];
const content = {
  images: [{ id: 7, file_name: 'a.jpg', width: WIDTH, height: HEIGHT }],
  categories: [
    { id: 1, name: 'car', isthing: 1 },
    { id: 3, name: 'road', isthing: 0 },
  ],
  annotations: [
    {
      image_id: 7,
      file_name: 'a.png',
      segments_info: [
        { id: 300, category_id: 1, bbox: [0, 0, WIDTH, 20], area: WIDTH * 20, iscrowd: 0 },
        { id: 9, category_id: 3, bbox: [0, 20, WIDTH, 28], area: WIDTH * 28, iscrowd: 0 },
      ],
    },
  ],
};

beforeAll(async () => {
  const maps = join(root, 'annotations', 'panoptic_val2017');
  mkdirSync(maps, { recursive: true });
  mkdirSync(join(root, 'val2017'));
  writeFileSync(`${maps}.json`, JSON.stringify(content));
  const ids = Int32Array.from({ length: WIDTH * HEIGHT }, (_, i) => (i < 20 * WIDTH ? 300 : 9));
  writeFileSync(join(maps, 'a.png'), panopticPng({ data: ids, width: WIDTH, height: HEIGHT }));
  await sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, background: '#678' } }).toFile(image);
  const scale = [WIDTH, HEIGHT];
  model = await detector('panoptic-fpn_r50_fpn_1x_coco')
    .set({
      'model.backbone': { depth: 18, base_channels: 8, init_cfg: null },
      'model.neck': { in_channels: [8, 16, 32, 64] },
      'model.semantic_head.num_things_classes': 1,
      'model.semantic_head.num_stuff_classes': 1,
      'model.panoptic_fusion_head.num_things_classes': 1,
      'model.panoptic_fusion_head.num_stuff_classes': 1,
      'model.test_cfg.panoptic.stuff_area_limit': 1,
      'model.roi_head.bbox_head.num_classes': 1,
      'model.roi_head.mask_head.num_classes': 1,
      'test_dataloader.dataset.data_root': `${root}/`,
      'test_dataloader.dataset.pipeline.1.scale': scale,
    })
    .classes(['car', 'road'])
    .build({ seed: 2 });
  model.save(weights);
});
afterAll(() => {
  model?.dispose();
  rmSync(root, { recursive: true, force: true });
});

test('panoptic quality is that of the metric of the config', async () => {
  const { code, err, lines } = await detlab('test', weights, '--json');
  expect(code).toBe(0);
  for (const option of ['ann_file', 'seg_prefix'])
    expect(err).toMatch(
      new RegExp(`test_evaluator\\.${option}.*" is not read: the ground truth is that of test_dataloader.dataset`),
    );
  const [{ images, truths, metrics }] = lines();
  expect([images, truths]).toEqual([1, 2]);
  expect(Object.keys(metrics)).toEqual(['PQ', 'SQ', 'RQ', 'PQ_th', 'SQ_th', 'RQ_th', 'PQ_st', 'SQ_st', 'RQ_st']);
});

test('JSON lines have segments; files of boxes say that they have none', async () => {
  const predictions = await model.predict(image);
  const { segments } = predictions;
  expect(segments!.length).toBeGreaterThan(0);
  const line = JSON.parse(readFileSync(await predictions.save(join(root, 'a.jsonl')), 'utf8'));
  expect(line.segments.map(({ label }: { label: string }) => label)).toEqual(segments!.map(({ label }) => label));
  expect(line.segments[0].mask.size).toEqual([HEIGHT, WIDTH]);
  expect(predictions).toHaveLength(0);
  await expect(predictions.save(join(root, 'a.coco.json'))).rejects.toThrow(
    /COCO results are of boxes, .* segments alone/,
  );
});

test('views, tiles and ensembles refuse what they cannot merge', async () => {
  await expect(model.predict(image, { tta: ['flip'] })).rejects.toThrow(/merge views .* gives segments too/);
  await expect(model.predict(image, { tiles: 40 })).rejects.toThrow(/in tiles: .* gives segments too/);
  await expect(ensemble([model, model]).predict(image)).rejects.toThrow(/of an ensemble .* gives segments too/);
});
