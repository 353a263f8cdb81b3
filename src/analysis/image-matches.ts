// The matches of one image.

/**
 * The matches of one image, overwritten by those of the next; arrays may be longer. Detections are in descending order of scores
 * over all classes.
 */
export interface ImageMatches {
  /** Index of each detection that counts among the image's; those beyond the metric's maximum do not. */
  detections: Int32Array;
  /** Of each, the index of the ground truth it is matched to, or -1. */
  truthOf: Int32Array;
  /** Of each, 1 if it is neither true nor false: matched to a crowd or a difficult object. */
  ignored: Uint8Array;
  /** Indices of the ground truth that counts, in the order of the annotation file. */
  truths: number[];
  /** IoUs [detections, truths], whatever the classes. */
  overlaps: Float64Array;
  /** Of the detections, in square pixels. */
  areas: Float64Array;
}
