// Pipelines of rotated boxes beside MMRotate's: loading by corners, conversion, and steps that move pixels.

import { beforeAll, expect, test } from 'vitest';
import type { ModuleConfig } from '../../src/catalogue/registry';
import { boxesAgree } from '../../src/data/move-boxes';
import { type Sample, sampleOf } from '../../src/data/transforms/sample';
import { startEngine } from '../../src/engine';
import { Random } from '../../src/random';
import { expectClose, goldenJson } from '../golden-data';
import { build } from './transforms/small-sample';

interface Golden {
  corners: number[];
  size: [number, number];
  steps: Record<string, { rboxes: number[]; labels: number[]; shape: [number, number]; pixels: number }>;
}
const { corners, size, steps } = goldenJson<Golden>('rotated_data');

beforeAll(async () => void (await startEngine()));

function sample(): Sample {
  const [height, width] = size;
  const data = new Uint8Array(height * width * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      data.set(
        [3 * x + 5 * y, x * y, 7 * x + y * y].map((v) => v % 256),
        3 * (y * width + x),
      );
  const count = corners.length / 8;
  const truths = {
    bboxes: new Float32Array(4 * count),
    labels: Int32Array.from({ length: count }, (_, i) => i),
    ignored: new Uint8Array(count),
  };
  const record = {
    id: 1,
    path: 'a',
    width,
    height,
    truths,
    areas: new Float32Array(count),
    segmentations: Array.from({ length: count }, (_, i) => [corners.slice(8 * i, 8 * i + 8)]),
    annotationIds: Array.from(truths.labels),
  };
  return { ...sampleOf(record), image: { data, width, height, order: 'bgr' } };
}

async function run(...configs: ModuleConfig[]): Promise<Sample> {
  let current = sample();
  for (const config of [{ type: 'LoadAnnotations', box_type: 'qbox' }, ...configs])
    current = (await build(config)(current, Random.seeded(1)))!;
  return current;
}

const rotated = { type: 'mmrotate.ConvertBoxType', box_type_mapping: { gt_bboxes: 'rbox' } };
const flip = (direction: string) => ({ type: 'RandomFlip', prob: 1, direction });
const pipelines: Record<string, ModuleConfig[]> = {
  convert: [rotated],
  regular: [rotated, { type: 'RegularizeRotatedBox', angle_version: 'le90' }],
  resize: [rotated, { type: 'Resize', scale: [90, 80], keep_ratio: false }],
  corners_resize: [{ type: 'Resize', scale: [30, 20], keep_ratio: true }, rotated],
  horizontal: [rotated, flip('horizontal')],
  vertical: [rotated, flip('vertical')],
  diagonal: [rotated, flip('diagonal')],
  rotate: [rotated, { type: 'mmrotate.Rotate', rotate_angle: 33, img_border_value: [10, 20, 30] }],
  rotate_back: [rotated, { type: 'mmrotate.Rotate', rotate_angle: -90 }],
  corners_rotate: [flip('vertical'), { type: 'mmrotate.Rotate', rotate_angle: 20 }, rotated],
};

test.each(Object.keys(pipelines))('%s', async (name) => {
  const { truths, image } = await run(...pipelines[name]);
  const { rboxes, labels, shape, pixels } = steps[name];
  expect([...truths!.labels]).toEqual(labels);
  expectClose(truths!.rboxes!, rboxes, 2e-3);
  expect([image!.height, image!.width]).toEqual(shape);
  expect(Array.from(image!.data).reduce((sum, v) => sum + v, 0)).toBe(pixels);
  expect(boxesAgree(truths!)).toBe(true);
});

test('a window keeps the boxes whose centers are in it', async () => {
  const whole = (await run(rotated)).truths!;
  const { truths } = await run(rotated, { type: 'RandomCrop', crop_size: [24, 24] });
  const [dx, dy] = [0, 1].map((k) => truths!.rboxes![k] - whole.rboxes![5 * truths!.labels[0] + k]);
  const inside = Array.from(whole.labels).filter((label) => {
    const [x, y] = [whole.rboxes![5 * label] + dx, whole.rboxes![5 * label + 1] + dy];
    return x >= 0 && y >= 0 && x <= 24 && y <= 24;
  });
  expect([...truths!.labels]).toEqual(inside);
  expect(boxesAgree(truths!)).toBe(true);
});

test('random turns are by quarters where upright objects are in the image', async () => {
  const turn = build({ type: 'mmrotate.RandomRotate', prob: 1, rect_obj_labels: [3], rotate_type: 'mmrotate.Rotate' });
  const angles = new Set<number>();
  for (let seed = 0; seed < 12; seed++) {
    const { truths } = (await turn(await run(rotated), Random.seeded(seed)))!;
    const before = (await run(rotated)).truths!;
    const first = truths!.labels[0];
    angles.add(Math.round(((truths!.rboxes![4] - before.rboxes![5 * first + 4]) * 180) / Math.PI));
  }
  expect([...angles].every((v) => [90, 180, -90, -180].includes(v))).toBe(true);
  expect(angles.size).toBeGreaterThan(2);
  const free = build({ type: 'RandomRotate', prob: 1, angle_range: 30 });
  const { truths } = (await free(await run(rotated), Random.seeded(3)))!;
  expect(truths!.labels.length).toBeGreaterThan(0);
});

test('what would leave rotated boxes behind is refused', async () => {
  const packing = build({ type: 'PackDetInputs' });
  const moved = await run(rotated);
  moved.truths!.bboxes = moved.truths!.bboxes.map((v) => v + 5);
  await expect(async () => packing(moved, Random.seeded(1))).rejects.toThrow(
    /moved or cut its upright boxes, and not its rotated ones/,
  );
  const corners = await run();
  await expect(async () => packing(corners, Random.seeded(1))).rejects.toThrow(
    /which no detector reads.*ConvertBoxType/,
  );
  await expect(run({ type: 'RegularizeRotatedBox' })).rejects.toThrow(/its boxes are not rotated.*ConvertBoxType/);
  const other = sample();
  other.record.segmentations![2] = [[1, 2, 3, 4, 5, 6]];
  await expect(async () =>
    build({ type: 'LoadAnnotations', box_type: 'rbox' })(other, Random.seeded(1)),
  ).rejects.toThrow(/annotation 2 of "a" as a rotated box: expected an outline of four corners, received 3 points/);
  expect((await run({ type: 'ConvertBoxType', box_type_mapping: { gt_bboxes: 'hbox' } })).truths).not.toHaveProperty(
    'qboxes',
  );
});
