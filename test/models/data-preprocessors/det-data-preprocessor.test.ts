import { beforeAll, describe, expect, test } from 'vitest';
import { Registry } from '../../../src/catalogue/registry';
import type { PackedSample } from '../../../src/data/types';
import { startEngine } from '../../../src/engine';
import { type DetDataPreprocessor, dataPreprocessors } from '../../../src/models/data-preprocessors';
import type { DetBatch } from '../../../src/models/types';
import { expectClose, golden, image, nchw } from '../../golden-data';

const registry = new Registry(dataPreprocessors);
const build = (config: Record<string, unknown>) =>
  registry.build(
    'data_preprocessor',
    { type: 'DetDataPreprocessor', ...config },
    { path: 'model.data_preprocessor' },
  ) as DetDataPreprocessor;
const imagenet = { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375], bgr_to_rgb: true };

function sample(data: Uint8Array, height: number, width: number, order: 'rgb' | 'bgr' = 'bgr'): PackedSample {
  return {
    image: { data, width, height, order },
    meta: {
      imgId: 1,
      imgPath: 'a.jpg',
      oriShape: [height, width],
      imgShape: [height, width],
      scaleFactor: [1, 1],
      flip: false,
    },
    truths: { bboxes: new Float32Array(0), labels: new Int32Array(0), ignored: new Uint8Array(0) },
  };
}
/** Channels in reverse. */
const reversed = (data: Uint8Array) => data.map((_, i) => data[i - (i % 3) + 2 - (i % 3)]);

beforeAll(async () => void (await startEngine()));

test('the formula image becomes the input MMDetection feeds its model, whatever order the pixels are stored in', () => {
  const want = golden('e2e_faster_rcnn').tensors.get('input')!; // every second row and column
  const pixels = image(128, 160);
  for (const one of [sample(pixels, 128, 160), sample(reversed(pixels), 128, 160, 'rgb')]) {
    const { inputs, batchShape } = build({ ...imagenet, pad_size_divisor: 32 }).forward([one]);
    expect(inputs.shape).toEqual([1, 128, 160, 3]);
    expect(batchShape).toEqual([128, 160]);
    const halved = inputs.stridedSlice([0, 0, 0, 0], [1, 128, 160, 3], [1, 2, 2, 1]);
    expectClose(nchw(halved), want.data, 1e-6);
    inputs.dispose();
    halved.dispose();
  }
});

test('images of different sizes are padded at the bottom and right to a common multiple', () => {
  const two = [sample(new Uint8Array(2 * 3 * 3).fill(7), 2, 3), sample(new Uint8Array(5 * 2 * 3).fill(9), 5, 2)];
  const { inputs, batchShape } = build({ pad_size_divisor: 4, pad_value: -1 }).forward(two);
  expect(batchShape).toEqual([8, 4]);
  const first = [...inputs.dataSync()].filter((_, i) => i % 3 === 0);
  const row = (...v: number[]) => v;
  const empty = row(-1, -1, -1, -1);
  expect(first.slice(0, 32)).toEqual([row(7, 7, 7, -1), row(7, 7, 7, -1), ...Array(6).fill(empty)].flat());
  expect(first.slice(32)).toEqual([...Array(5).fill(row(9, 9, -1, -1)), ...Array(3).fill(empty)].flat());
  inputs.dispose();
});

test('without bgr_to_rgb the model sees BGR, with its own mean per channel', () => {
  const pixel = sample(Uint8Array.of(10, 20, 30), 1, 1, 'rgb');
  const { inputs } = build({ mean: [1, 2, 3], std: [1, 1, 2] }).forward([pixel]);
  expect([...inputs.dataSync()]).toEqual([29, 18, 3.5]);
  inputs.dispose();
});

test('mistakes are refused in words', () => {
  expect(() => build({ mean: [1, 2, 3] })).toThrow(/mean and std must both be given/);
  expect(() => build({ bgr_to_rgb: true, rgb_to_bgr: true })).toThrow(/exclude each other/);
  expect(() => build({ mean: [1, 2], std: [1, 2] })).toThrow(/expected 1 or 3 numbers/);
  expect(() => build({ pad_mask: true, mask_pad_value: 1 })).toThrow(/mask_pad_value: .*expected 0/);
  expect(() => build({}).forward([])).toThrow(/at least 1/);
  expect(() => build({}).forward([sample(new Uint8Array(5), 1, 2)])).toThrow(
    /"a.jpg": expected 2 x 1 x 3 values, received 5/,
  );
});

const withTruth = (height: number, width: number): PackedSample => ({
  ...sample(new Uint8Array(height * width * 3).fill(7), height, width),
  truths: { bboxes: new Float32Array([1, 2, 3, 4]), labels: new Int32Array(1), ignored: new Uint8Array(1) },
});
const shapes = ({ inputs, batchShape, padShapes, maskShape }: DetBatch) => {
  const found = { inputs: inputs.shape.slice(1, 3), batchShape, padShapes, maskShape };
  inputs.dispose();
  return found;
};
const training = { training: true };

describe('BatchFixedSizePad', () => {
  const fixed = (size: [number, number], rest = {}) =>
    build({ pad_size_divisor: 2, batch_augments: [{ type: 'BatchFixedSizePad', size, ...rest }] });

  test('pads every batch to one size at the bottom and right, in training only', () => {
    const batch = fixed([6, 4], { img_pad_value: -1 }).forward([withTruth(2, 2)], training);
    const rows = [...batch.inputs.dataSync()].filter((_, i) => i % 3 === 0);
    expect(rows).toEqual([7, 7, -1, -1, 7, 7, -1, -1, ...Array(16).fill(-1)]);
    expect([...batch.samples[0].truths.bboxes]).toEqual([1, 2, 3, 4]);
    expect(batch.samples[0].meta.imgShape).toEqual([2, 2]);
    expect(shapes(batch)).toEqual({ inputs: [6, 4], batchShape: [6, 4], padShapes: [[6, 4]], maskShape: undefined });
    expect(shapes(fixed([6, 4]).forward([withTruth(2, 2)])).inputs).toEqual([2, 2]);
  });

  test('a batch as large stays; one larger in one direction is said to have the fixed size, as in the reference', () => {
    const whole = { batchShape: [6, 4], padShapes: [[6, 4]], maskShape: undefined };
    expect(shapes(fixed([6, 4]).forward([withTruth(6, 4)], training))).toEqual({ inputs: [6, 4], ...whole });
    expect(shapes(fixed([4, 4]).forward([withTruth(6, 4)], training))).toEqual({ inputs: [6, 4], ...whole });
    expect(shapes(fixed([6, 4]).forward([withTruth(2, 8)], training))).toEqual({ inputs: [6, 8], ...whole });
  });

  test('masks are padded where it says so, to the size it has made', () => {
    expect(shapes(fixed([6, 4], { pad_mask: true }).forward([withTruth(2, 2)], training)).maskShape).toEqual([6, 4]);
    const both = build({ pad_mask: true, batch_augments: [{ type: 'BatchFixedSizePad', size: [6, 4] }] });
    expect(shapes(both.forward([withTruth(2, 2)], training)).maskShape).toEqual([2, 2]);
  });
});

describe('BatchSyncRandomResize', () => {
  const resizing = (options = {}) =>
    build({
      batch_augments: [
        { type: 'BatchSyncRandomResize', random_size_range: [32, 96], size_divisor: 16, interval: 3, ...options },
      ],
    });
  const sizes = (from: number, count: number, preprocessor = resizing()) =>
    Array.from({ length: count }, (_, i) =>
      shapes(preprocessor.forward([withTruth(32, 64)], { ...training, iteration: from + i })).inputs.join(),
    );

  test('the first batches keep their size; then every so many iterations another one, in the same proportions', () => {
    const found = sizes(0, 30);
    expect(new Set(found.slice(0, 3))).toEqual(new Set(['32,64']));
    for (let i = 3; i < 30; i++) {
      const [h, w] = found[i].split(',').map(Number);
      expect([h % 16, w]).toEqual([0, 2 * h]);
      expect(h >= 32 && h <= 96).toBe(true);
      if (i % 3) expect(found[i]).toBe(found[i - 1]);
    }
    expect(new Set(found).size).toBeGreaterThan(3);
  });

  test('a resumed run goes on with the sizes of one that was not interrupted', () => {
    expect(sizes(13, 10)).toEqual(sizes(0, 23).slice(13));
  });

  test('the range is rounded to multiples as Python rounds, halves to even', () => {
    // 40 / 16 = 2.5 and 56 / 16 = 3.5: from 2 to 4
    const found = sizes(3, 120, resizing({ random_size_range: [40, 56], interval: 1 }));
    expect(new Set(found)).toEqual(new Set(['32,64', '48,96', '64,128']));
  });

  test('truths and ignored regions move with the image', () => {
    const one = withTruth(32, 64);
    one.truths.ignored[0] = 1;
    const preprocessor = resizing({ random_size_range: [64, 64], interval: 1 });
    const batch = preprocessor.forward([one], { ...training, iteration: 1 });
    expect([...batch.samples[0].truths.bboxes]).toEqual([2, 4, 6, 8]);
    expect(batch.samples[0].meta.imgShape).toEqual([64, 128]);
    expect(shapes(batch)).toMatchObject({ inputs: [64, 128], batchShape: [64, 128], padShapes: [[64, 128]] });
  });
});

test('an engine that normalises 8-bit images gives the same bits as this code, for all sizes, orders and paddings', () => {
  const config = { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375], bgr_to_rgb: true };
  const preprocessor = build({ ...config, pad_size_divisor: 16, pad_value: 7 });
  const samples = [sample(image(20, 33), 20, 33), sample(image(31, 9), 31, 9, 'rgb'), sample(image(32, 48), 32, 48)];
  const shared = samples.map((one): PackedSample => {
    const data = new Uint8Array(new SharedArrayBuffer(one.image.data.length)); // read here, whatever the engine
    data.set(one.image.data as Uint8Array);
    return { ...one, image: { ...one.image, data } };
  });
  const [a, b] = [samples, shared].map((list) => preprocessor.forward(list).inputs);
  expect(a.shape).toEqual([3, 32, 48, 3]);
  expect(a.dataSync()).toEqual(b.dataSync());
  a.dispose();
  b.dispose();
});
