// The samples in the order of an epoch, and what that order is of.

/** A sample of a batch. */
export interface OrderedSample {
  /** Index of its record. */
  index: number;
  /** The pass over the images that draws it: the epoch, unless passes run on without end. */
  pass: number;
}

/** What the order depends on: number and orientation of the images. */
export interface OrderedImages {
  readonly length: number;
  /** Whether an image is taller than wide. */
  upright(index: number): boolean;
}

/** Of `size` processes the one with number `rank`, from 0. */
export interface Shard {
  rank: number;
  size: number;
}
