// Random affine transform of YOLOX and YOLOv5: scale, then rotate, shear and translate, as 3 x 3 matrices in single
// precision.

import { type Matrix, multiply } from '../../geometry/projective-map';
import type { Random } from '../../random';

export interface AffineBounds {
  max_rotate_degree: number;
  max_translate_ratio: number;
  scaling_ratio_range: readonly [number, number];
  max_shear_degree: number;
}

/** Rotation and shears in degrees, scale factor, translation in pixels. */
export interface AffineDraw {
  rotation: number;
  scale: number;
  shear: readonly [number, number];
  translation: readonly [number, number];
}

/** @param center mean translation as a fraction of the output's sides: 0 in YOLOX, 0.5 in YOLOv5 */
export function drawAffine(o: AffineBounds, width: number, height: number, center: number, random: Random): AffineDraw {
  const within = (max: number) => random.uniform(-max, max);
  return {
    rotation: within(o.max_rotate_degree),
    scale: random.uniform(...o.scaling_ratio_range),
    shear: [within(o.max_shear_degree), within(o.max_shear_degree)],
    translation: [(center + within(o.max_translate_ratio)) * width, (center + within(o.max_translate_ratio)) * height],
  };
}

export function affineMatrix({ rotation, scale, shear, translation }: AffineDraw): Matrix {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const [sin, cos] = [Math.sin(radians(rotation)), Math.cos(radians(rotation))];
  const translated = matrix3(1, 0, translation[0], 0, 1, translation[1]);
  const sheared = matrix3(1, Math.tan(radians(shear[0])), 0, Math.tan(radians(shear[1])), 1, 0);
  const rotated = matrix3(cos, -sin, 0, sin, cos, 0);
  return multiply(multiply(multiply(translated, sheared), rotated), matrix3(scale, 0, 0, 0, scale, 0));
}

/** `matrix` after a translation by (x, y). */
export const translateFirst = (matrix: Matrix, x: number, y: number): Matrix =>
  multiply(matrix, matrix3(1, 0, x, 0, 1, y));

function matrix3(...rows: [number, number, number, number, number, number]): Matrix {
  return Float32Array.of(...rows, 0, 0, 1);
}
