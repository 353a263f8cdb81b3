// Masks of detections over the whole image, as a program computes and reads them that cannot call their head.

import type { DynamicNetwork } from './dynamic-masks';

/** What the numbers of a mask say of the pixels of the network's input. */
export interface MaskReading {
  values: 'logits' | 'probabilities';
  /**
   * - `centered`: they are resized to the input bilinearly, as everywhere else
   * - `aligned`: a pixel x is at cell max(x - stride / 2, 0) / stride, as CondInst enlarges
   */
  cells: 'centered' | { aligned: number };
  /** A pixel is in the mask where they are above it. */
  threshold: number;
  /** Whether only pixels from the low to before the high corner of the box are. */
  inBox?: boolean;
}

/** Masks by a small network of each detection, whose weights are its prior's. */
export interface DynamicMaskParts {
  network: DynamicNetwork;
  /** Where the first cell of the map is, in pixels: x and y. */
  origin: readonly [number, number];
  /** From a cell of the map to the next, in pixels: x and y. */
  steps: readonly [number, number];
  /** Places are relative to the prior, in so many of its strides. */
  reach: number;
  /** The factor by which logits are enlarged, as `alignedBilinear` does; 1: not at all. */
  enlarged: number;
  reading: MaskReading;
}

/** Masks that are sums of prototypes, with the coefficients of a detection's prior. */
export interface PrototypeMaskParts {
  /** Whether cells outside of the box, with one more on every side, are 0, as in YOLACT. */
  cut: boolean;
  reading: MaskReading;
}

export type ImageMaskParts = DynamicMaskParts | PrototypeMaskParts;

/** The logit of a probability, in single precision. */
export const logitOf = (probability: number): number => Math.fround(Math.log(probability / (1 - probability)));
