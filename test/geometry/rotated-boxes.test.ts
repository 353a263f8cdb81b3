// Rotated boxes beside mmcv's operators, OpenCV's minAreaRect and MMRotate's box type.

import { expect, test } from 'vitest';
import { rotationAbout } from '../../src/data/pixels/warp-affine';
import {
  aroundCorners,
  aroundRotated,
  centersIn,
  cornersAsRotated,
  flipRotated,
  regularized,
  rotatedCorners,
  scaleRotated,
  shiftRotated,
  turnRotated,
  uprightAsRotated,
  uprightCorners,
} from '../../src/geometry/rotated-boxes';
import { rotatedIntersectionGradient, rotatedOverlaps } from '../../src/geometry/rotated-overlaps';
import { expectClose, goldenJson } from '../golden-data';

interface Golden {
  overlaps: Record<'a' | 'b' | 'iou' | 'iof', number[]>;
  rectangles: Record<'quads' | 'boxes' | 'around', number[]>;
  operations: Record<string, number[]> & { inside: boolean[] };
}
const reference = goldenJson<Golden>('rotated_boxes');
const f32 = (values: readonly number[]) => Float32Array.from(values);

test('overlaps are those of mmcv, of random and of hostile boxes', () => {
  const { a, b, iou, iof } = reference.overlaps;
  const columns = b.length / 5;
  // of one box beside itself, turned by 180 degrees or by its last digit, mmcv loses corners: 0.25 in place of 1
  const lost = ['27 28', '27 29', '28 27', '29 27'];
  for (const [mode, expected] of [
    ['iou', iou],
    ['iof', iof],
  ] as const) {
    const found = rotatedOverlaps(f32(a), f32(b), mode);
    for (const [k, value] of expected.entries()) {
      const [i, j] = [Math.floor(k / columns), k % columns];
      // areas of mmcv have few digits where a side is below a pixel
      const thin = Math.min(a[5 * i + 2], a[5 * i + 3], b[5 * j + 2], b[5 * j + 3]) < 1;
      const difference = Math.abs(found[k] - (lost.includes(`${i} ${j}`) ? 1 : value));
      if (difference > (thin ? 2e-4 : 3e-6)) expect.fail(`${mode} of ${i} and ${j}: ${found[k]}, expected ${value}`);
    }
  }
});

test('the derivatives of the common area are its slopes', () => {
  const boxes = reference.overlaps.a.slice(0, 60);
  for (let i = 0; i < 12; i++) {
    const [a, b] = [boxes.slice(5 * i, 5 * i + 5), boxes.slice(5 * ((i + 5) % 12), 5 * ((i + 5) % 12) + 5)];
    const { gradient } = rotatedIntersectionGradient(a, b);
    for (let k = 0; k < 5; k++) {
      const at = (step: number) => rotatedIntersectionGradient(a.with(k, a[k] + step), b).area;
      expect(gradient[k]).toBeCloseTo((at(1e-6) - at(-1e-6)) / 2e-6, 3);
    }
  }
});

test("the smallest rectangles around four points are OpenCV's", () => {
  const { quads, boxes, around } = reference.rectangles;
  expectClose(aroundCorners(f32(quads)), around, 1e-6);
  const found = cornersAsRotated(f32(quads));
  const sides = (all: ArrayLike<number>, i: number) => all[5 * i + 2] * all[5 * i + 3];
  for (let i = 0; i < boxes.length / 5; i++) {
    expect(Math.abs(sides(found, i) - sides(boxes, i))).toBeLessThan(1e-3);
    // around a triangle, rectangles along all three sides have one area
    const [own, other] = [found, f32(boxes)].map((all) => all.slice(5 * i, 5 * i + 5));
    if (sides(boxes, i) > 1 && ![28, 32].includes(i)) expect(rotatedOverlaps(own, other)[0], `${i}`).toBeCloseTo(1, 3);
    expect(own[4]).toBeGreaterThan(0);
    expect(own[4]).toBeLessThanOrEqual(Math.fround(Math.PI / 2));
  }
});

test('boxes are moved as in MMRotate', () => {
  const { boxes, inside, ...expected } = reference.operations;
  const given = f32(boxes);
  const moved: Record<string, Float32Array> = {
    around: aroundRotated(given),
    corners: rotatedCorners(given),
    horizontal: flipRotated(given, 'horizontal', [50, 70]),
    vertical: flipRotated(given, 'vertical', [50, 70]),
    diagonal: flipRotated(given, 'diagonal', [50, 70]),
    scaled: scaleRotated(given, [0.5, 1.7]),
    shifted: shiftRotated(given, -3, 8),
    turned: turnRotated(given, rotationAbout([35, 25], -33), 33),
    oc: regularized(given, 'oc'),
    le90: regularized(given, 'le90'),
    le135: regularized(given, 'le135'),
  };
  for (const [name, values] of Object.entries(expected)) expectClose(moved[name], values, 2e-5);
  expect(centersIn(given, [30, 40])).toEqual(inside.flatMap((is, i) => (is ? [i] : [])));
  const upright = f32([1, 2, 5, 9]);
  expect([...aroundRotated(uprightAsRotated(upright))]).toEqual([1, 2, 5, 9]);
  expect([...aroundCorners(uprightCorners(upright))]).toEqual([1, 2, 5, 9]);
});
