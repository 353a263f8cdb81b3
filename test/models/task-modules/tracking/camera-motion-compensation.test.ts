// CameraMotionCompensation against OpenCV's, on a texture before and after a camera turned and shifted.

import { describe, expect, it } from 'vitest';
import type { GrayFrame } from '../../../../src/data/types';
import {
  cameraMotion,
  cameraMotionCompensation,
  grayFrame,
  type Warp,
  warpBox,
} from '../../../../src/models/task-modules/tracking/camera-motion-compensation';
import { goldenJson } from '../../../golden-data';

interface Case {
  width: number;
  height: number;
  moved: Warp;
  num_iters: number;
  stop_eps: number;
  warp: Warp;
}

const texture = (x: number, y: number) =>
  127 +
  40 * Math.sin(0.11 * x + 0.05 * y) +
  30 * Math.sin(0.07 * x - 0.13 * y + 1) +
  25 * Math.cos(0.31 * x) * Math.sin(0.23 * y);

function frameOf({ width, height }: Case, { angle, x: dx, y: dy }: Warp, scale: [number, number] = [1, 1]): GrayFrame {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const data = Float32Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [(i % width) - dx, Math.floor(i / width) - dy];
    return Math.round(texture(c * x + s * y, c * y - s * x));
  });
  return { data, width, height, scale };
}

const still = { angle: 0, x: 0, y: 0 };
const motionOf = (options: object = {}) =>
  cameraMotion(cameraMotionCompensation.parse({ type: 'CameraMotionCompensation', ...options }), 'model.cmc');

describe('CameraMotionCompensation', () => {
  const golden = goldenJson<Case[]>('camera_motion');

  it.each(golden.map((one) => [one.moved, one] as const))('finds %j as OpenCV does', (moved, one) => {
    const { num_iters, stop_eps } = one;
    const found = motionOf({ num_iters, stop_eps })(frameOf(one, still), frameOf(one, moved));
    // OpenCV looks between pixels in steps of 1/32
    expect(Math.abs(found.angle - one.warp.angle)).toBeLessThan(5e-4);
    expect(Math.abs(found.x - one.warp.x)).toBeLessThan(0.05);
    expect(Math.abs(found.y - one.warp.y)).toBeLessThan(0.05);
  });

  it('gives the shift in pixels of the original, each axis by its own scale', () => {
    const [one] = golden;
    const moved = { angle: 0, x: 4, y: -3 };
    const { x, y } = motionOf({ stop_eps: 1e-6 })(frameOf(one, still), frameOf(one, moved, [2, 0.5]));
    expect(x).toBeCloseTo(2, 2);
    expect(y).toBeCloseTo(-6, 2);
  });

  it('moves nothing where frames have nothing in common', () => {
    const [one] = golden;
    const flat = { ...frameOf(one, still), data: new Float32Array(one.width * one.height).fill(9) };
    expect(motionOf()(frameOf(one, still), flat)).toEqual(still);
    expect(motionOf()(flat, frameOf(one, still))).toEqual(still);
  });

  it('moves both corners of a box', () => {
    const box = warpBox(Float32Array.of(10, 0, 20, 10), { angle: Math.PI / 2, x: 1, y: 2 });
    expect([...box].map((v) => Math.round(v * 1e4) / 1e4)).toEqual([1, 12, -9, 22]);
  });

  it('weighs the channels by their order', () => {
    const [bgr, rgb] = (['bgr', 'rgb'] as const).map(
      (order) => grayFrame(Float32Array.of(100, 50, 10), { width: 1, height: 1, order, scale: [1, 1] }).data[0],
    );
    expect(bgr).toBeCloseTo(0.299 * 10 + 0.587 * 50 + 0.114 * 100, 4);
    expect(rgb).toBeCloseTo(0.299 * 100 + 0.587 * 50 + 0.114 * 10, 4);
  });

  it('refuses other motions by name', () => {
    expect(() => motionOf({ warp_mode: 'cv2.MOTION_HOMOGRAPHY' })).toThrow(/MOTION_EUCLIDEAN.*MOTION_HOMOGRAPHY/);
    expect(() => motionOf({ num_iters: 0 })).toThrow(/num_iters/);
  });
});
