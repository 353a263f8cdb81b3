// InstaBoost and its parts against instaboostfast and OpenCV (generate/insta_boost.py), where nothing is left to chance.

import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { type ModuleConfig, Registry } from '../../../src/catalogue/registry';
import { inpaint } from '../../../src/data/pixels/inpaint';
import { TRANSFORMS } from '../../../src/data/transforms';
import { sampleOf } from '../../../src/data/transforms/sample';
import type { ImageRecord, PixelImage } from '../../../src/data/types';
import { Random } from '../../../src/random';
import { goldenJson } from '../../golden-data';

const golden = goldenJson<{
  image: string;
  mask: string;
  inpainted: string;
  outlines: number[][];
  cases: { config: ModuleConfig; image: string; instances: { bbox: number[]; label: number }[] }[];
}>('insta_boost');

/** BGR, as OpenCV has them. */
async function decoded(png: string): Promise<PixelImage> {
  const { data, info } = await sharp(Buffer.from(png, 'base64'))
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const pixels = Uint8Array.from(data, (_, i) => data[i - (i % 3) + 2 - (i % 3)]);
  return { data: pixels, width: info.width, height: info.height, order: 'bgr' };
}

/** Largest difference, and the share of values that differ. */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): { most: number; share: number } {
  let [most, count] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    most = Math.max(most, Math.abs(a[i] - b[i]));
    if (a[i] !== b[i]) count++;
  }
  return { most, share: count / a.length };
}

let image: PixelImage;
beforeAll(async () => {
  image = await decoded(golden.image);
});

const record = (): ImageRecord => ({
  id: 1,
  path: 'formula.png',
  width: image.width,
  height: image.height,
  truths: {
    bboxes: Float32Array.from(
      golden.outlines.flatMap((points) => {
        const of = (k: number) => points.filter((_, i) => i % 2 === k);
        return [Math.min(...of(0)), Math.min(...of(1)), Math.max(...of(0)), Math.max(...of(1))];
      }),
    ),
    labels: Int32Array.of(0, 1, 2),
    ignored: new Uint8Array(3),
  },
  areas: Float32Array.of(1, 1, 1),
  segmentations: golden.outlines.map((points) => [points]),
  annotationIds: [1, 2, 3],
});

const boosted = (config: ModuleConfig, random = Random.seeded(1)) =>
  new Registry(TRANSFORMS).build('transform', config, { path: 't' })({ ...sampleOf(record()), image }, random);

test("holes are filled as by OpenCV's Navier-Stokes", async () => {
  const mask = (await decoded(golden.mask)).data.filter((_, i) => i % 3 === 0);
  const { most, share } = difference(inpaint(image, mask, 5).data, (await decoded(golden.inpainted)).data);
  expect(most).toBeLessThanOrEqual(1);
  expect(share).toBeLessThan(0.002);
});

test.each(golden.cases)('$config.action_candidate', async ({ config, image: expected, instances }) => {
  const sample = await boosted(config);
  const { most, share } = difference(sample!.image!.data, (await decoded(expected)).data);
  expect(share).toBeLessThan(0.01);
  expect(most).toBeLessThanOrEqual(2);
  const { bboxes, labels } = sample!.record.truths;
  const load = new Registry(TRANSFORMS).build('transform', { type: 'LoadAnnotations', with_mask: true }, { path: 't' });
  const loaded = (await load(sample!, Random.seeded(1)))!.truths!;
  expect([...loaded.ignored]).toEqual(instances.map(() => 0)); // all outlines can be read
  expect([...labels]).toEqual(instances.map(({ label }) => label));
  // theirs are traced polygons, half a pixel around the masks at most
  for (const [k, { bbox }] of instances.entries())
    for (const [c, v] of bbox.entries()) expect(Math.abs(bboxes[4 * k + c] - v)).toBeLessThanOrEqual(1);
});

test('what it leaves as it is; what it refuses', async () => {
  const all = { type: 'InstaBoost', aug_ratio: 1, color_prob: 0 };
  const never = await boosted({ ...all, aug_ratio: 0 });
  expect(never!.image).toBe(image);
  const jittered = await boosted({ ...all, action_candidate: ['skip'], action_prob: [1], color_prob: 1 });
  expect(difference(jittered!.image!.data, image.data).share).toBeGreaterThan(0.1);
  expect(() => boosted({ ...all, action_prob: [1, 1, 0] })).toThrow(/add up to 1/);
  expect(() => boosted({ ...all, hflag: true })).toThrow(/hflag/);
});
