// CameraMotionCompensation: tracks are moved as the image moves, which is found by aligning each frame with the one before (Du et
// al., StrongSORT, IEEE TMM 2023). Unlike MMDetection's, the shift is divided by the scale of its own axis (there [x, y] are read as
// [h, w]), and frames that cannot be aligned, as at a cut, move nothing (there OpenCV's error ends the prediction).

import { z } from 'zod';
import type { GrayFrame, PixelImage } from '../../../data/types';
import { DetLabError } from '../../../errors';
import { alignImages, type Warp } from './align-images';

export type { Warp } from './align-images';

/** How the image moves from the first of two frames to the second, in pixels of the original. */
export type CameraMotion = (last: GrayFrame, now: GrayFrame) => Warp;

const EUCLIDEAN = 'cv2.MOTION_EUCLIDEAN';

export const cameraMotionCompensation = z.strictObject({
  type: z.literal('CameraMotionCompensation'),
  warp_mode: z.string().default(EUCLIDEAN).describe(`How the camera may move; only ${EUCLIDEAN}: it turns and shifts`),
  num_iters: z.int().positive().default(50).describe('Steps of the alignment, at most'),
  stop_eps: z.number().positive().default(0.001).describe('Ends the alignment when the correlation changes by less'),
});

export function cameraMotion(
  { warp_mode, num_iters, stop_eps }: z.output<typeof cameraMotionCompensation>,
  path: string,
): CameraMotion {
  if (warp_mode !== EUCLIDEAN)
    throw new DetLabError(
      `Cannot build ${path}: expected warp_mode "${EUCLIDEAN}", received "${warp_mode}". Other motions of the camera are not there yet`,
    );
  return (last, now) => {
    const { angle, x, y } = alignImages(last, now, { iterations: num_iters, epsilon: stop_eps }) ?? {
      angle: 0,
      x: 0,
      y: 0,
    };
    return { angle, x: x / now.scale[0], y: y / now.scale[1] };
  };
}

const f = Math.fround;

/** Both corners of an xyxy box through the warp. */
export function warpBox(box: Float32Array, { angle, x, y }: Warp): Float32Array {
  const [cos, sin] = [f(Math.cos(angle)), f(Math.sin(angle))];
  const corner = (k: number) => [
    f(f(cos * box[k]) - f(sin * box[k + 1])) + f(x),
    f(f(sin * box[k]) + f(cos * box[k + 1])) + f(y),
  ];
  return Float32Array.of(...corner(0), ...corner(2));
}

/** Brightness of pixels [height, width, 3], as OpenCV weighs the channels. */
export function grayFrame(
  pixels: Float32Array,
  { width, height, order, scale }: Pick<PixelImage, 'width' | 'height' | 'order'> & Pick<GrayFrame, 'scale'>,
): GrayFrame {
  const [red, blue] = order === 'rgb' ? [0, 2] : [2, 0];
  const data = new Float32Array(width * height);
  for (let i = 0; i < data.length; i++)
    data[i] = 0.299 * pixels[3 * i + red] + 0.587 * pixels[3 * i + 1] + 0.114 * pixels[3 * i + blue];
  return { data, width, height, scale };
}
