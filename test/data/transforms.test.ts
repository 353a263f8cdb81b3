// Transforms against MMDetection's (cv2 4.6): pixels bit by bit, boxes, shapes and scale factors.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { ModuleConfig } from '../../src/catalogue/registry';
import { streamFor } from '../../src/data/loading/random-streams';
import { buildPipeline } from '../../src/data/pipeline';
import type { ImageRecord, PixelImage } from '../../src/data/types';

const golden = path.join(__dirname, '../golden');

const file = readFileSync(path.join(golden, 'transforms.safetensors'));

const headerBytes = Number(file.readBigUInt64LE(0));

const header = JSON.parse(file.subarray(8, 8 + headerBytes).toString()) as Record<
  string,
  { shape: number[]; data_offsets: [number, number] }
>;

const bytesOf = (name: string) => {
  const [from, to] = header[name].data_offsets;
  return new Uint8Array(file.subarray(8 + headerBytes + from, 8 + headerBytes + to));
};

const boxesOf = (name: string) => new Float32Array(bytesOf(name).buffer);

const cases = JSON.parse(readFileSync(path.join(golden, 'transforms_meta.json'), 'utf8')) as Record<
  string,
  { cfg: ModuleConfig; img_shape: [number, number]; scale_factor: [number, number] }
>;

const record: ImageRecord = {
  id: 1,
  path: 'formula.png',
  width: 60,
  height: 40,
  truths: {
    bboxes: Float32Array.from([5, 4, 20, 18, 30, 10, 55, 36]),
    labels: Int32Array.from([0, 1]),
    ignored: new Uint8Array(2),
  },
  areas: Float32Array.from([210, 650]),
  annotationIds: [1, 2],
};

const formula: PixelImage = { data: bytesOf('img'), width: 60, height: 40, order: 'bgr' };

async function run(...transforms: ModuleConfig[]) {
  const pipeline = buildPipeline([{ type: 'LoadAnnotations' }, ...transforms, { type: 'PackDetInputs' }]);
  return pipeline.run(record, streamFor(0), formula);
}

const names = ['resize_keep', 'resize_nokeep', 'resize_up', 'flip_h', 'flip_v', 'flip_d', 'pad32', 'pad_size'];

it.each(names)('%s', async (name) => {
  const { cfg, img_shape, scale_factor } = cases[name];
  const { image, meta, truths } = await run(cfg);
  expect([image.height, image.width, 3]).toEqual(header[`${name}.img`].shape);
  expect(meta.imgShape).toEqual(img_shape);
  expect(meta.scaleFactor).toEqual(scale_factor);
  expect(meta.oriShape).toEqual([40, 60]);
  expect(Buffer.compare(image.data as Uint8Array, bytesOf(`${name}.img`))).toBe(0);
  const boxes = boxesOf(`${name}.boxes`);
  expect(truths.bboxes.length).toBe(boxes.length);
  for (let i = 0; i < boxes.length; i++) expect(truths.bboxes[i]).toBeCloseTo(boxes[i], 5);
});

it('halving is the mean of four, rounded, as the general arithmetic gives it', async () => {
  const { image } = await run({ type: 'Resize', scale: [30, 20] });
  const at = (x: number, y: number) => formula.data[(y * 60 + x) * 3];
  expect(image.data[(7 * 30 + 11) * 3]).toBe((at(22, 14) + at(23, 14) + at(22, 15) + at(23, 15) + 2) >> 2);
});

it('leaves the record untouched', async () => {
  await run({ type: 'Resize', scale: [90, 50], keep_ratio: true }, { type: 'RandomFlip', prob: 1 });
  expect([...record.truths.bboxes]).toEqual([5, 4, 20, 18, 30, 10, 55, 36]);
});

it('flips with each direction as often as its probability says', async () => {
  const pipeline = buildPipeline([
    { type: 'RandomFlip', prob: [0.2, 0.3, 0.1], direction: ['horizontal', 'vertical', 'diagonal'] },
    { type: 'PackDetInputs' },
  ]);
  const counts: Record<string, number> = {};
  for (let i = 0; i < 2000; i++) {
    const { meta } = await pipeline.run(record, streamFor(7, i), formula);
    const key = meta.flipDirection ?? 'none';
    counts[key] = (counts[key] ?? 0) + 1 / 2000;
  }
  expect(counts.horizontal).toBeCloseTo(0.2, 1);
  expect(counts.vertical).toBeCloseTo(0.3, 1);
  expect(counts.diagonal).toBeCloseTo(0.1, 1);
  expect(counts.none).toBeCloseTo(0.4, 1);
});
