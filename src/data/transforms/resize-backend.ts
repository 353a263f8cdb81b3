// The `backend` of the transforms that resize: whose bilinear arithmetic they reproduce.

import { z } from 'zod';
import { resizeBilinear } from '../pixels/resize-bilinear';
import { resizePillow } from '../pixels/resize-pillow';
import type { AnyImage } from '../types';
import { bytesOf, pixelsOf, type Sample } from './sample';

const backend = z.enum(['cv2', 'pillow']);
export type ResizeBackend = z.output<typeof backend>;

const meaning = 'Whose bilinear arithmetic is reproduced bit for bit: cv2 (no antialiasing) or pillow (antialiased)';
export const backendOption = backend.default('cv2').describe(meaning);
export const passedBackend = backend.optional().describe(meaning);

/**
 * The pixels of a sample at `width` x `height`.
 * @throws DetLabError for float pixels and pillow, which resizes 8-bit pixels only
 */
export const resizedBy = (
  chosen: ResizeBackend,
  sample: Sample,
  [width, height]: readonly [number, number],
  transform: string,
): AnyImage =>
  chosen === 'pillow'
    ? resizePillow(bytesOf(sample, `${transform} with backend "pillow"`), width, height)
    : resizeBilinear(pixelsOf(sample, transform), width, height);
