// RandomAffine (MMDetection 3.x; Ge et al., YOLOX): random scale, rotation, shear and translation about the top left corner
// of the image. Masks, which MMDetection refuses here, are warped too; boxes stay those around the corners of the boxes.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { boxesInside, clipBoxes } from '../../geometry/boxes';
import { hideOutside, type Keypoints, moveKeypoints } from '../../geometry/keypoints';
import { type Matrix, project, projectBoxes } from '../../geometry/projective-map';
import { type InstanceMasks, movePolygons } from '../../masks';
import { takeInstances } from '../instances';
import { affineMatrix, drawAffine } from '../pixels/affine-matrix';
import { colourOf } from '../pixels/pixel-image';
import { perspectiveRows, warpPerspective } from '../pixels/warp-perspective';
import { warpRle } from '../pixels/warp-rows';
import { affineOptions } from './affine-options';
import { bytesOf, replacePixels, type Sample, type Transform, truthsOf } from './sample';

const options = z.strictObject(affineOptions);
type Options = z.output<typeof options>;

/** Size [width, height] of the output. */
export const affineSize = (
  { width, height }: { width: number; height: number },
  [x, y]: readonly [number, number],
): [number, number] => [width + 2 * x, height + 2 * y];

export function applyRandomAffine(
  sample: Sample,
  matrix: Matrix,
  { border, border_val, bbox_clip_border }: Pick<Options, 'border' | 'border_val' | 'bbox_clip_border'>,
): Sample {
  const image = bytesOf(sample, 'RandomAffine');
  const [width, height] = affineSize(image, border);
  const warped = warpPerspective(image, matrix, width, height, colourOf(border_val, image.order));
  replacePixels(sample, warped, [...matrix.subarray(0, 6)]);
  const truths = truthsOf(sample);
  const masks = truths.masks && warpedMasks(truths.masks, matrix, width, height);
  let bboxes = projectBoxes(matrix, truths.bboxes);
  if (bbox_clip_border) bboxes = clipBoxes(bboxes, [height, width]);
  const keypoints = truths.keypoints && warpedKeypoints(truths.keypoints, matrix);
  sample.truths = takeInstances(
    {
      ...truths,
      bboxes,
      masks,
      keypoints: keypoints && bbox_clip_border ? hideOutside(keypoints, [height, width]) : keypoints,
    },
    boxesInside(bboxes, [height, width]),
  );
  return sample;
}

const warpedKeypoints = (keypoints: Keypoints, matrix: Matrix): Keypoints =>
  moveKeypoints(keypoints, (x, y) => project(matrix, x, y));

function warpedMasks(masks: InstanceMasks, matrix: Matrix, width: number, height: number): InstanceMasks {
  if (masks.kind === 'polygon') return movePolygons(masks, height, width, (x, y) => project(matrix, x, y));
  const rows = perspectiveRows(matrix, width, height);
  return { kind: 'bitmap', width, height, masks: masks.masks.map((mask) => warpRle(mask, rows, width, height)) };
}

export const RandomAffine = defineModule({
  kind: 'transform',
  type: 'RandomAffine',
  summary: 'Random scale, rotation, shear and translation',
  paper: 'Ge et al., YOLOX: Exceeding YOLO Series in 2021',
  shapes: '[H, W, 3] -> [H + 2 border, W + 2 border, 3]',
  example: "{ type: 'RandomAffine', scaling_ratio_range: [0.1, 2], border: [-320, -320] }",
  options,
  build:
    (o): Transform =>
    (sample, random) => {
      const [width, height] = affineSize(bytesOf(sample, 'RandomAffine'), o.border);
      return applyRandomAffine(sample, affineMatrix(drawAffine(o, width, height, 0, random)), o);
    },
});
