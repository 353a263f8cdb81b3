// A white rectangle on black, its box, its polygon and its bitmap stay together through random chains of every transform that
// moves pixels.

import { expect, test } from 'vitest';
import '../../../src/data/node-platform';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import { copyOf, type Sample, sampleOf } from '../../../src/data/transforms/sample';
import { bboxOverlaps } from '../../../src/geometry/boxes';
import { boxesOfMasks, boxToRle, encodeRle, type Rle, rleArea, rleOverlaps, toRles } from '../../../src/masks';
import { Random } from '../../../src/random';
import { build } from './small-sample';

const [W, H] = [90, 72];
const box = [24, 18, 66, 51] as const;

/** White inside the box. */
function rectangle(masks: 'bitmap' | 'polygon'): Sample {
  const [x1, y1, x2, y2] = box;
  const data = new Uint8Array(W * H * 3);
  for (let y = y1; y < y2; y++) data.fill(255, 3 * (y * W + x1), 3 * (y * W + x2));
  const truths = { bboxes: Float32Array.from(box), labels: Int32Array.of(3), ignored: Uint8Array.of(0) };
  const record = { id: 1, path: 'a', width: W, height: H, truths, areas: new Float32Array(1), annotationIds: [1] };
  const bitmap = boxToRle([x1, y1, x2 - x1, y2 - y1], H, W);
  const polygon = [Float64Array.of(x1, y1, x2, y1, x2, y2, x1, y2)];
  return {
    ...sampleOf(record),
    image: { data, width: W, height: H, order: 'rgb' },
    truths: {
      ...truths,
      masks:
        masks === 'bitmap'
          ? { kind: 'bitmap', height: H, width: W, masks: [bitmap] }
          : { kind: 'polygon', height: H, width: W, masks: [polygon] },
    },
  };
}

const black = { img_border_value: 0 };
/** Those that keep the sides of boxes parallel to the axes. */
const straight: ((random: Random) => ModuleConfig)[] = [
  (r) => ({ type: 'Resize', scale: [60 + r.integer(70), 54 + r.integer(70)], keep_ratio: r.integer(2) === 0 }),
  (r) => ({ type: 'Resize', scale: [60 + r.integer(70), 54 + r.integer(70)], backend: 'pillow' }),
  (r) => ({ type: 'FixScaleResize', scale: [78 + r.integer(70), 60 + r.integer(54)], keep_ratio: true }),
  (r) => ({
    type: 'FixShapeResize',
    width: 60 + r.integer(54),
    height: 60 + r.integer(54),
    keep_ratio: r.integer(2) === 0,
  }),
  (r) => ({ type: 'ResizeShortestEdge', scale: 48 + r.integer(54), max_size: 120 }),
  () => ({ type: 'RandomResize', scale: [90, 72], ratio_range: [0.7, 1.4], keep_ratio: true }),
  () => ({
    type: 'RandomChoiceResize',
    scales: [
      [90, 60],
      [72, 96],
    ],
    keep_ratio: true,
  }),
  (r) => ({ type: 'RandomFlip', prob: 1, direction: ['horizontal', 'vertical', 'diagonal'][r.integer(3)] }),
  () => ({ type: 'RandomCrop', crop_size: [0.7, 0.7], crop_type: 'relative_range', allow_negative_crop: true }),
  (r) => ({ type: 'RandomCrop', crop_size: [66, 57], allow_negative_crop: true, recompute_bbox: r.integer(2) === 0 }),
  () => ({ type: 'MinIoURandomCrop', min_ious: [0.1, 0.3] }),
  () => ({ type: 'PPYOLOERandomCrop' }),
  () => ({ type: 'Pad', size_divisor: 32 }),
  () => ({ type: 'Expand', ratio_range: [1, 1.4], prob: 1 }),
  () => ({ type: 'RandomShift', prob: 1, max_shift_px: 12 }),
  () => ({ type: 'LetterResize', scale: [96, 96], pad_val: 0 }),
  () => ({ type: 'YOLOv5KeepRatioResize', scale: [84, 90] }),
  () => ({ type: 'TranslateX', max_mag: 0.2, ...black }),
  () => ({ type: 'TranslateY', max_mag: 0.2, ...black }),
];
const turning: ((random: Random) => ModuleConfig)[] = [
  () => ({ type: 'Rotate', ...black }),
  () => ({ type: 'ShearX', max_mag: 20, ...black }),
  () => ({ type: 'ShearY', max_mag: 20, ...black }),
  () => ({ type: 'RandomAffine', border_val: [0, 0, 0], scaling_ratio_range: [0.8, 1.3] }),
  () => ({
    type: 'Albu',
    transforms: [{ type: 'ShiftScaleRotate', rotate_limit: 20, border_mode: 0, p: 1 }],
  }),
];

function white({ image }: Sample): Rle {
  const { data, width, height } = image!;
  const bits = new Uint8Array(width * height);
  for (let i = 0; i < bits.length; i++) if (data[3 * i] >= 128) bits[i] = 1;
  return encodeRle(bits, height, width);
}

const iou = (a: Rle, b: Rle) => rleOverlaps([a], [b], Uint8Array.of(0))[0];

/** How far the parts of a sample are from what is white; bitmaps drift by resizing to the nearest pixel. */
function check([withBitmap, withPolygon]: readonly Sample[], pixels: Rle, turned: boolean, steps: string): void {
  const { height, width } = pixels;
  const { bboxes, masks } = withBitmap.truths!;
  expect([...withPolygon.truths!.bboxes].length, steps).toBe(4);
  expect(iou(toRles(masks!)[0], pixels), `bitmap after ${steps}`).toBeGreaterThan(0.75);
  expect(iou(toRles(withPolygon.truths!.masks!)[0], pixels), `polygon after ${steps}`).toBeGreaterThan(0.93);
  const around = boxesOfMasks({ kind: 'bitmap', height, width, masks: [pixels] });
  if (!turned) expect(bboxOverlaps(bboxes, around, 'iou')[0], `box after ${steps}`).toBeGreaterThan(0.86);
  const sides = [bboxes[0] - around[0], bboxes[1] - around[1], around[2] - bboxes[2], around[3] - bboxes[3]];
  expect(Math.max(...sides), `pixels outside of the box after ${steps}`).toBeLessThan(2);
}

/** The number of steps after which the rectangle was there. */
async function runChain(seed: number): Promise<number> {
  const random = Random.seeded(seed);
  let samples = [rectangle('bitmap'), rectangle('polygon')];
  const steps: string[] = [];
  let turned = false;
  for (let i = 0; i < 4; i++) {
    const pool = random.integer(4) === 0 ? turning : straight;
    turned ||= pool === turning;
    const config = pool[random.integer(pool.length)](random);
    steps.push(JSON.stringify(config));
    const [transform, seedOfStep] = [build(config), random.uint32()];
    const run = (one: Sample) => transform(copyOf(one), Random.seeded(seedOfStep));
    const found = await Promise.all(samples.map(run));
    samples = found.filter((one): one is Sample => (one?.truths?.labels.length ?? 0) > 0);
    expect([0, 2], steps.join(' ')).toContain(samples.length);
    const pixels = samples.length === 2 && white(samples[0]);
    if (!pixels || rleArea(pixels) < 400) return i;
    check(samples, pixels, turned, steps.join(' '));
  }
  return 4;
}

test('200 chains of up to four transforms', async () => {
  let steps = 0;
  for (let seed = 0; seed < 200; seed++) steps += await runChain(seed);
  expect(steps).toBeGreaterThan(700);
});
