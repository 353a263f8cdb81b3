// Panoptic segmentation: every pixel is of one segment, an object (a thing) or the region of a class (stuff), or of none
// (Kirillov et al., Panoptic Segmentation, CVPR 2019). Annotations are PNG files whose colours are ids of segments.

import type { Rle } from './rle';

/** What a segment is: stuff, an object, or a group of objects, which is neither target nor error. */
export const SEGMENT = { stuff: 0, thing: 1, crowd: 2 } as const;

/** The annotated segments of an image, by column. */
export interface PanopticTruths {
  /** Absolute path of the PNG file. */
  file: string;
  /** The colour of each, as a number. */
  ids: Int32Array;
  labels: Int32Array;
  kinds: Uint8Array;
}

/** A segment that a model found. Those of an image do not overlap. */
export interface PanopticSegment {
  label: number;
  isThing: boolean;
  score?: number;
  mask: Rle;
}
