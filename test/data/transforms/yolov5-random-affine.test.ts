// YOLOv5RandomAffine against MMYOLO's, for the numbers it drew.

import { expect, it } from 'vitest';
import { affineMatrix, translateFirst } from '../../../src/data/pixels/affine-matrix';
import { applyYOLOv5Affine } from '../../../src/data/transforms/yolov5-random-affine';
import { affineDraw, casesNamed, check, difference, given, options } from './golden-cases';

it.each(casesNamed(/^affine_yolov5/))('%s', (name, c) => {
  const [own] = given(c);
  const matrix = Float32Array.from(c.matrix!);
  const { width, height } = own.image!;
  expect(difference(translateFirst(affineMatrix(affineDraw(c)), -width / 2, -height / 2), matrix).most).toBeLessThan(
    2e-5,
  );
  check(name, applyYOLOv5Affine(own, matrix, affineDraw(c).scale, options(c)));
});
