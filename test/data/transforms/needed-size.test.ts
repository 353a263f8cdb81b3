// What of an image a pipeline uses, and images that are decoded no larger than that.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ConfigObject } from '../../../src/config';
import '../../../src/data/node-platform';
import { buildPipeline } from '../../../src/data/pipeline';
import { neededSize } from '../../../src/data/transforms/needed-size';
import { withFastDecoding } from '../../../src/lab/fast-decoding';
import { Random } from '../../../src/random';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'detlab-needed-'));
  file = path.join(folder, 'a.jpg');
  const noise = { type: 'gaussian' as const, mean: 128, sigma: 50 };
  await sharp({ create: { width: 640, height: 480, channels: 3, background: '#000', noise } })
    .blur(12)
    .jpeg()
    .toFile(file);
});
afterAll(() => rmSync(folder, { recursive: true }));

const LOAD = [
  { type: 'LoadImageFromFile', shrink_on_load: true },
  { type: 'LoadAnnotations', with_bbox: true },
];
const PACK = { type: 'PackDetInputs' };
const STEPS = [
  [{ type: 'Resize', scale: [160, 160], keep_ratio: true }, [160, 120]],
  [{ type: 'Resize', scale: [100, 90] }, [100, 90]],
  [{ type: 'Resize', scale_factor: 0.25 }, [160, 120]],
  [{ type: 'mmdet.RandomResize', scale: [100, 100], ratio_range: [0.5, 1.5], keep_ratio: true }, [150, 113]],
  [
    {
      type: 'RandomResize',
      scale: [
        [80, 100],
        [120, 60],
      ],
    },
    [120, 100],
  ],
  [{ type: 'RandomChoiceResize', scales: [[80, 80], 120], keep_ratio: true }, [120, 90]],
  [{ type: 'LetterResize', scale: [150, 150], pad_val: { img: 114 } }, [150, 113]],
  [{ type: 'YOLOv5KeepRatioResize', scale: 160 }, [160, 120]],
] as const;

it.each(STEPS)('%j', async (step, size) => {
  expect(neededSize([...LOAD, step], 0)?.of(640, 480)).toEqual(size);
  const record = {
    id: 1,
    path: file,
    width: 640,
    height: 480,
    truths: { bboxes: Float32Array.of(100, 50, 300, 400), labels: Int32Array.of(0), ignored: new Uint8Array(1) },
    areas: Float32Array.of(1),
    annotationIds: [1],
  };
  const [load, annotations] = LOAD;
  const steps = (shrink_on_load: boolean) => [{ ...load, shrink_on_load }, annotations, step, PACK];
  const run = (shrink: boolean) => buildPipeline(steps(shrink)).run(record, Random.seeded(1));
  const [whole, reduced] = [await run(false), await run(true)];
  expect({ ...reduced, image: { ...reduced.image, data: [] } }).toEqual({
    ...whole,
    image: { ...whole.image, data: [] },
  });
  expect(reduced.meta.oriShape).toEqual([480, 640]);
  const differences = Array.from(whole.image.data, (v, i) => Math.abs(v - reduced.image.data[i]));
  expect(differences.some((difference) => difference > 0)).toBe(true);
  expect(differences.reduce((sum, d) => sum + d) / differences.length).toBeLessThan(3);
});

it('refuses to load smaller what is not resized next', () => {
  const [load, annotations] = LOAD;
  expect(() => buildPipeline([load, annotations, PACK])).toThrow(
    /Cannot build pipeline\.0: expected a step that resizes right after LoadImageFromFile.*Leave shrink_on_load out/,
  );
  const flip = { type: 'RandomFlip', prob: 0.5 };
  expect(() => buildPipeline([load, flip, STEPS[0][0], PACK])).toThrow(/Cannot build pipeline\.0/);
  const mosaic = { type: 'Mosaic', img_scale: [64, 64], pre_transform: [load, annotations] };
  expect(() => buildPipeline([{ type: 'LoadImageFromFile' }, annotations, mosaic, PACK])).toThrow(
    /Cannot build pipeline\.2\.pre_transform\.0/,
  );
});

it('is set in the training pipelines of a config that resize what they load', () => {
  const [load, annotations] = [{ type: 'LoadImageFromFile', backend_args: null }, LOAD[1]];
  const resizing = [load, annotations, STEPS[0][0], PACK];
  const config = JSON.parse(
    JSON.stringify({
      train_dataloader: { dataset: { type: 'RepeatDataset', dataset: { type: 'CocoDataset', pipeline: resizing } } },
      val_dataloader: { dataset: { pipeline: resizing } },
      custom_hooks: [{ type: 'PipelineSwitchHook', switch_pipeline: resizing }],
    }),
  ) as ConfigObject;
  const fast = JSON.stringify({ ...load, shrink_on_load: true });
  const changed = withFastDecoding(config);
  expect(JSON.stringify(changed.train_dataloader)).toContain(fast);
  expect(JSON.stringify(changed.custom_hooks)).toContain(fast);
  expect(changed.val_dataloader).toEqual(config.val_dataloader);
  const pipeline = [load, annotations, { type: 'Mosaic' }, PACK];
  expect(() => withFastDecoding({ train_dataloader: { dataset: { pipeline } } })).toThrow(/Cannot use fastDecoding/);
});
