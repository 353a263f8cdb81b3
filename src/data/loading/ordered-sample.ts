// A sample in the order of an epoch.

/** A sample of a batch. */
export interface OrderedSample {
  /** Index of its record. */
  index: number;
  /** The pass over the images that draws it: the epoch, unless passes run on without end. */
  pass: number;
}
