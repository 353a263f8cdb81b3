// Keypoints in transforms: as MMYOLO's for the numbers that it drew, and refused where they would stay behind.

import { expect, test } from 'vitest';
import { buildPipeline } from '../../../src/data/pipeline';
import { drawMixUp, mixUp } from '../../../src/data/transforms/mix-up-images';
import { mosaic } from '../../../src/data/transforms/mosaic-tiles';
import { applyRandomAffine } from '../../../src/data/transforms/random-affine';
import { type Sample, sampleOf } from '../../../src/data/transforms/sample';
import type { ImageRecord, Truths } from '../../../src/data/types';
import { Random } from '../../../src/random';
import { keypointsOf, type PoseSample, poseGolden } from '../../pose-golden';
import { build } from './small-sample';

const golden = poseGolden().transforms;

function sampleFrom({ width, height, boxes, points }: PoseSample): Sample {
  const n = boxes.length / 4;
  const truths = {
    bboxes: Float32Array.from(boxes),
    labels: new Int32Array(n),
    ignored: new Uint8Array(n),
    keypoints: keypointsOf(points),
  };
  const record: ImageRecord = {
    id: 1,
    path: 'a',
    width,
    height,
    truths,
    areas: new Float32Array(n),
    annotationIds: [],
  };
  const image = { data: new Uint8Array(3 * width * height), width, height, order: 'bgr' as const };
  return { ...sampleOf(record), image, truths };
}

function check({ bboxes, keypoints }: Truths, name: keyof typeof golden): void {
  expect(bboxes).toEqual(Float32Array.from(golden[name].out.boxes));
  expect(keypoints?.points).toEqual(Float32Array.from(golden[name].out.points));
}
const given = (name: keyof typeof golden) => golden[name].given.map(sampleFrom);

test('Resize hides what it cuts off', async () => {
  const resized = await build({ type: 'Resize', scale: [53, 41], keep_ratio: true })(
    given('resize')[0],
    Random.seeded(0),
  );
  check(resized!.truths!, 'resize');
});

test('RandomFlip swaps left and right', async () => {
  const flipped = await build({ type: 'RandomFlip', prob: 1 })(given('flip')[0], Random.seeded(0));
  check(flipped!.truths!, 'flip');
});

test('RandomAffine', () => {
  const options = { border: [-10, -8] as [number, number], border_val: [114, 114, 114], bbox_clip_border: true };
  const matrix = Float32Array.from(golden.affine.matrix);
  check(applyRandomAffine(given('affine')[0], matrix, options as never).truths!, 'affine');
});

test('Mosaic, of images some of which have no objects', () => {
  const options = { img_scale: [32, 32] as const, pad_val: 114, bbox_clip_border: true };
  check(mosaic(given('mosaic'), golden.mosaic.center, options, 'mmyolo').truths, 'mosaic');
});

test('YOLOXMixUp', () => {
  const { jitter, flip } = golden.mixup;
  const draw = { ...drawMixUp({ ratio_range: [1, 1], flip_ratio: 0 }, Random.seeded(0)), jitter, flip };
  const [sample, other] = given('mixup');
  const options = { img_scale: [64, 64] as const, pad_val: 114, bbox_clip_border: true };
  const mixed = mixUp(sample, other, { ...draw, offset: (x, y) => [x, y] }, options, false);
  check(mixed.truths, 'mixup');
});

test('a turn by 180 degrees keeps left and right, a vertical flip swaps them', async () => {
  const flip = async (direction: string) => {
    const flipped = await build({ type: 'RandomFlip', prob: 1, direction })(given('flip')[0], Random.seeded(0));
    return flipped!.truths!.keypoints!.points;
  };
  const before = Float32Array.from(golden.flip.given[0].points);
  const { height } = golden.flip.given[0];
  const [diagonal, vertical] = [await flip('diagonal'), await flip('vertical')];
  expect([diagonal[5], diagonal[4]]).toEqual([before[5], height - before[4]]);
  expect([vertical[5], vertical[3], vertical[4]]).toEqual([before[8], before[6], height - before[7]]);
});

const pipeline = (...steps: object[]) => [
  { type: 'LoadImageFromFile' },
  { type: 'LoadAnnotations', with_keypoints: true },
  ...(steps as { type: string }[]),
  { type: 'PackDetInputs' },
];

test('a transform that would leave keypoints where they are is refused, at any depth', () => {
  expect(() => buildPipeline(pipeline({ type: 'Expand' }))).toThrow(/pipeline\.2: Expand does not move keypoints/);
  const nested = { type: 'RandomApply', transforms: [{ type: 'MinIoURandomCrop' }], prob: 0.5 };
  expect(() => buildPipeline(pipeline(nested))).toThrow(/transforms\.0: MinIoURandomCrop does not move keypoints/);
  buildPipeline(pipeline({ type: 'Resize', scale: [8, 8] }, { type: 'mmdet.YOLOXHSVRandomAug' }));
});

test('objects without a visible keypoint are filtered, and keypoints that were not loaded are missed', async () => {
  const filter = build({ type: 'FilterAnnotations', by_keypoints: true, keep_empty: false });
  const [sample] = given('flip');
  const points = sample.truths!.keypoints!.points.map((v, i) => (i < 51 && i % 3 === 2 ? 0 : v));
  sample.truths!.keypoints = keypointsOf([...points]);
  const kept = await filter(sample, Random.seeded(0));
  expect(kept!.truths!.bboxes).toEqual(Float32Array.from(golden.flip.given[0].boxes.slice(4)));
  expect(kept!.truths!.keypoints!.points.length).toBe(51);
  const { keypoints: _, ...bare } = sample.truths!;
  expect(() => filter({ ...sample, truths: bare }, Random.seeded(0))).toThrow(/by_keypoints needs keypoints/);
  expect(() => build({ type: 'LoadAnnotations', with_keypoints: true })(sample, Random.seeded(0))).toThrow(
    /Cannot load the keypoints of "a": its dataset has none\. Use PoseCocoDataset/,
  );
});
