import { beforeAll, expect, test } from 'vitest';
import type { PackedSample } from '../../../src/data/types';
import { startEngine } from '../../../src/engine';
import { type DetDataPreprocessor, dataPreprocessors } from '../../../src/models/data-preprocessors';
import { Registry } from '../../../src/registry';
import { expectClose, golden, image, nchw } from '../../golden-data';

const registry = new Registry(dataPreprocessors);
const build = (config: Record<string, unknown>) =>
  registry.build<DetDataPreprocessor>(
    'data_preprocessor',
    { type: 'DetDataPreprocessor', ...config },
    { path: 'model.data_preprocessor' },
  );
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
  expect(() => build({}).forward([])).toThrow(/at least 1/);
  expect(() => build({}).forward([sample(new Uint8Array(5), 1, 2)])).toThrow(
    /"a.jpg": expected 2 x 1 x 3 values, received 5/,
  );
});
