import { expect, test } from 'vitest';
import type { Sample, Transform } from '../../../src/data/transforms/sample';
import { toRles } from '../../../src/masks';
import { Random } from '../../../src/random';
import { build, sample } from './small-sample';

/** The first window of the seeds from `seed` on that keeps a truth. */
async function cropped(crop: Transform, seed: number): Promise<Sample> {
  for (let s = seed; ; s += 100) {
    const found = await crop(sample(), Random.seeded(s));
    if (found) return found;
  }
}

test('the window moves pixels, boxes, labels and masks alike', async () => {
  const crop = build({ type: 'RandomCrop', crop_size: [5, 4], recompute_bbox: true });
  for (let seed = 0; seed < 8; seed++) {
    const { image, truths, meta } = await cropped(crop, seed);
    expect([image!.height, image!.width]).toEqual([4, 5]);
    expect(meta.imgShape).toEqual([4, 5]);
    const corner = image!.data[0];
    const [left, top] = [corner % 10, Math.floor(corner / 10)];
    expect(image!.data[3 * (3 * 5 + 4)]).toBe(10 * (top + 3) + left + 4);
    expect(truths!.labels.length).toBeGreaterThan(0);
    for (const [k, label] of truths!.labels.entries()) {
      expect(truths!.ignored[k]).toBe(label === 2 ? 1 : 0);
      const box = truths!.bboxes.subarray(4 * k, 4 * k + 4);
      expect(box[0] >= 0 && box[1] >= 0 && box[2] <= 5 && box[3] <= 4).toBe(true);
    }
    const masks = truths!.masks!;
    expect([masks.height, masks.width, toRles(masks).length]).toEqual([4, 5, truths!.labels.length]);
  }
});

test('sizes by kind', async () => {
  const sizes = async (config: object) => {
    const crop = build({ type: 'RandomCrop', allow_negative_crop: true, ...config });
    const found = await Promise.all(Array.from({ length: 20 }, (_, s) => crop(sample(), Random.seeded(s))));
    return found.map((s): [number, number] => [s!.image!.height, s!.image!.width]);
  };
  expect(await sizes({ crop_size: [20, 3] })).toEqual(new Array(20).fill([3, 10]));
  expect(await sizes({ crop_size: [0.5, 0.25], crop_type: 'relative' })).toEqual(new Array(20).fill([2, 5]));
  const within = (list: [number, number][], [h1, h2]: number[], [w1, w2]: number[]) =>
    list.every(([h, w]) => h >= h1 && h <= h2 && w >= w1 && w <= w2);
  expect(within(await sizes({ crop_size: [3, 9], crop_type: 'absolute_range' }), [3, 8], [3, 9])).toBe(true);
  expect(within(await sizes({ crop_size: [0.5, 0.8], crop_type: 'relative_range' }), [4, 8], [8, 10])).toBe(true);
});

test('without truths another image is asked for, unless that is allowed', async () => {
  const empty = {
    ...sample(),
    truths: { bboxes: new Float32Array(), labels: new Int32Array(), ignored: new Uint8Array() },
  };
  expect(await build({ type: 'RandomCrop', crop_size: [2, 2] })(empty, Random.seeded(0))).toBeUndefined();
  expect(() => build({ type: 'RandomCrop', crop_size: [2, 2], crop_type: 'relative' })).toThrow(/fractions <= 1/);
  expect(() => build({ type: 'RandomCrop', crop_size: [5, 2], crop_type: 'absolute_range' })).toThrow(/min, max/);
});
