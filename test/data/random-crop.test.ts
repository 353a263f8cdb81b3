import { expect, test } from 'vitest';
import { type ModuleConfig, Registry } from '../../src/catalogue/registry';
import { TRANSFORMS } from '../../src/data/transforms';
import { type Sample, sampleOf, type Transform } from '../../src/data/transforms/sample';
import { encodeRle, toRles } from '../../src/masks';
import { Random } from '../../src/random';

const registry = new Registry(TRANSFORMS);
const build = (config: ModuleConfig) => registry.build('transform', config, { path: 'pipeline.0' }) as Transform;
/** The first window of the seeds from `seed` on that keeps a truth. */
async function cropped(crop: Transform, seed: number): Promise<Sample> {
  for (let s = seed; ; s += 100) {
    const found = await crop(sample(), Random.seeded(s));
    if (found) return found;
  }
}

/** 8 x 10 pixels whose blue is 10 y + x, with a box at the top left, one across the middle and one ignored. */
function sample(): Sample {
  const [height, width] = [8, 10];
  const data = new Uint8Array(height * width * 3);
  for (let i = 0; i < height * width; i++) data[3 * i] = i;
  const truths = {
    bboxes: Float32Array.of(0, 0, 2, 2, 3, 2, 8, 6, 6, 5, 10, 8),
    labels: Int32Array.of(0, 1, 2),
    ignored: Uint8Array.of(0, 0, 1),
  };
  const bitmap = (x1: number, y1: number, x2: number, y2: number) =>
    encodeRle(
      Uint8Array.from({ length: height * width }, (_, i) => {
        const [x, y] = [i % width, Math.floor(i / width)];
        return x >= x1 && x < x2 && y >= y1 && y < y2 ? 1 : 0;
      }),
      height,
      width,
    );
  const masks = [bitmap(0, 0, 2, 2), bitmap(4, 2, 7, 5), bitmap(6, 5, 10, 8)];
  const record = { id: 1, path: 'a', width, height, truths, areas: new Float32Array(3), annotationIds: [1, 2, 3] };
  return {
    ...sampleOf(record),
    image: { data, width, height, order: 'bgr' },
    truths: { ...truths, masks: { kind: 'bitmap', height, width, masks } },
  };
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

test('one of several chains runs', async () => {
  const choice = build({
    type: 'RandomChoice',
    transforms: [
      { type: 'Resize', scale: [5, 4] },
      [
        { type: 'Resize', scale: [20, 16] },
        { type: 'RandomFlip', prob: 1 },
      ],
    ],
  });
  const found = await Promise.all(Array.from({ length: 16 }, (_, s) => choice(sample(), Random.seeded(s))));
  const kinds = found.map((s) => `${s!.image!.width} ${s!.meta.flip}`);
  expect(new Set(kinds)).toEqual(new Set(['5 false', '20 true']));
  const certain = build({
    type: 'RandomChoice',
    prob: [0, 1],
    transforms: [{ type: 'Resize', scale: [5, 4] }, [{ type: 'Resize', scale: [20, 16] }]],
  });
  for (let s = 0; s < 5; s++) expect((await certain(sample(), Random.seeded(s)))!.image!.width).toBe(20);
  expect(() => build({ type: 'RandomChoice', transforms: [{ type: 'Resise' }] })).toThrow(/transforms.0/);
  expect(() => build({ type: 'RandomChoice', prob: [1], transforms: [[], []] })).toThrow(
    /one prob per candidate \(2\)/,
  );
});
