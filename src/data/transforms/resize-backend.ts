// The `backend` and `interpolation` of the transforms that resize: whose arithmetic they reproduce.

import { z } from 'zod';
import { DetLabError } from '../../errors';
import { resizeBicubic } from '../pixels/resize-bicubic';
import { resizeBilinear } from '../pixels/resize-bilinear';
import { resizePillow } from '../pixels/resize-pillow';
import type { AnyImage } from '../types';
import { bytesOf, pixelsOf, type Sample } from './sample';

const backend = z.enum(['cv2', 'pillow']);
export type ResizeBackend = z.output<typeof backend>;

const meaning = 'Whose bilinear arithmetic is reproduced bit for bit: cv2 (no antialiasing) or pillow (antialiased)';
export const backendOption = backend.default('cv2').describe(meaning);
export const passedBackend = backend.optional().describe(meaning);

const interpolation = z.enum(['bilinear', 'bicubic']);
export type Interpolation = z.output<typeof interpolation>;
const kinds = '"bilinear", or "bicubic" of cv2 on 8-bit pixels';
export const interpolationOption = interpolation.default('bilinear').describe(kinds);
export const passedInterpolation = interpolation.optional().describe(kinds);

/** @throws DetLabError for Pillow's bicubic filter, which is not there. */
export function checkInterpolation(type: string, { backend, interpolation }: Filter): void {
  if (backend === 'pillow' && interpolation === 'bicubic')
    throw new DetLabError(
      `Cannot build ${type}: interpolation "bicubic" is cv2's, received backend "pillow". Set backend: 'cv2', or interpolation: 'bilinear'`,
    );
}

export interface Filter {
  backend: ResizeBackend;
  interpolation?: Interpolation;
}

/**
 * The pixels of a sample at `width` x `height`.
 * @throws DetLabError for float pixels and what resizes 8-bit pixels only: pillow, and bicubic interpolation
 */
export function resizedBy(
  { backend, interpolation }: Filter,
  given: Sample,
  [width, height]: readonly [number, number],
  transform: string,
): AnyImage {
  const { full, ...image } = pixelsOf(given, transform);
  const sample = full ? { ...given, image } : given;
  if (backend === 'pillow') return resizePillow(bytesOf(sample, `${transform} with backend "pillow"`), width, height);
  if (interpolation === 'bicubic')
    return resizeBicubic(bytesOf(sample, `${transform} with interpolation "bicubic"`), width, height);
  return resizeBilinear(pixelsOf(sample, transform), width, height);
}
